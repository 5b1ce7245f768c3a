using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Sampling;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Registers the services that file and redrive dead letters.</summary>
internal static class DeadLetterServices
{
    public static void AddDeadLetters(this IServiceCollection services)
    {
        services.AddSettings<DeadLetterOptions>("Messaging:DeadLetters");
        services.AddSingleton<DeadLetterStore>();
        services.AddSingleton<IDeadLetterStore>(provider => provider.GetRequiredService<DeadLetterStore>());
        services.AddSingleton<IDeadLetterTable>(provider => provider.GetRequiredService<DeadLetterStore>());
        services.AddSingleton<DeadLetterMetrics>();
        services.AddSingleton<ISampledMetrics>(provider => provider.GetRequiredService<DeadLetterMetrics>());
        services.AddSingleton<Signal>();
        services.AddHostedService<RedriveWorker>();
        services.AddHostedService<DeadLetterReconciler>();
    }
}
