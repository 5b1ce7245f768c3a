using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.Messaging.Operations.Replays;

/// <summary>Registers the services that send past events.</summary>
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
