using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Registers what files dead letters and redrives them.</summary>
internal static class DeadLetterServices
{
    public static void AddDeadLetters(this IServiceCollection services)
    {
        services.AddSingleton<DeadLetterStore>();
        services.AddSingleton<DeadLetterMetrics>();
        services.AddSingleton<ISampledMetrics>(provider => provider.GetRequiredService<DeadLetterMetrics>());
        services.AddSingleton<Signal>();
        services.AddSingleton<RedriveSender>();
        services.AddHostedService<ErrorQueueConsumer>();
        services.AddHostedService<RedriveWorker>();
        services.AddHostedService<DeadLetterReconciler>();
    }
}
