using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Registers what sends past events.</summary>
internal static class ReplayServices
{
    public static void AddReplays(this IServiceCollection services)
    {
        services.AddSettings<ReplayOptions>("Messaging:Replays");
        services.AddSingleton<ReplayTable>();
        services.AddSingleton<IReplaySource, ReplayFromLog>();
        services.AddSingleton<IReplaySource, ReplayFromArchive>();
        services.AddHostedService<ReplayRunner>();
    }
}
