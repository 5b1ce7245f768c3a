using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrderPlatform.Messaging;

/// <summary>Adds partitions, retention and archives.</summary>
internal static class RetentionServices
{
    public static void AddRetention(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => StoreOf(
            provider.GetRequiredService<MessagingOptions>().Retention.Archive, provider.GetRequiredService<MessagingMap>().Service));
        services.AddSingleton<Archives>();
        services.AddSingleton<ArchiveReader>();
        services.AddSingleton<LogRetention>();
        services.AddSingleton<RetentionMetrics>();
        services.AddSingleton<ISampledMetrics>(provider => provider.GetRequiredService<RetentionMetrics>());
        services.AddSingleton<Retention>();
        services.AddHostedService(provider => provider.GetRequiredService<Retention>());
    }

    private static IArchiveStore StoreOf(ArchiveOptions archive, string service) => archive.Kind switch
    {
        ArchiveKind.Directory => new DirectoryArchive(Path.Combine(archive.Directory!, service)),
        ArchiveKind.S3 => new S3Archive(archive, service),
        _ => new NoArchive(),
    };
}
