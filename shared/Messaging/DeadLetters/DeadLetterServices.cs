using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging;

/// <summary>Registers what files dead letters and redrives them.</summary>
internal static class DeadLetterServices
{
    public static void AddDeadLetters(this IServiceCollection services)
    {
        services.AddSingleton<DeadLetterFiling>();
        services.AddSingleton<DeadLetterMetrics>();
        services.AddSingleton<ISampledMetrics>(provider => provider.GetRequiredService<DeadLetterMetrics>());
        services.AddSingleton<RedriveSignal>();
        services.AddSingleton<RedrivePublisher>();
        services.AddHostedService<ErrorQueueConsumer>();
        services.AddHostedService<RedriveWorker>();
        services.AddHostedService<DeadLetterSweep>();
    }
}
