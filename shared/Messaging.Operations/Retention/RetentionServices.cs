using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Sampling;

namespace OrderPlatform.Messaging.Operations.Retention;

/// <summary>Registers the services of partitions, retention and archives.</summary>
internal static class RetentionServices
{
    public static void AddRetention(this IServiceCollection services)
    {
        services.AddSettings<RetentionOptions>("Messaging:Retention");
        services.TryAddSingleton(provider => StoreOf(
            provider.GetRequiredService<RetentionOptions>().Archive, provider.GetRequiredService<MessagingTopology>().Service));
        services.AddSingleton<LogArchive>();
        services.AddSingleton<ArchiveReader>();
        services.AddSingleton<LogRetention>();
        services.AddSingleton<InboxRetention>();
        services.AddSingleton<RetentionProgress>();
        services.AddSingleton<RetentionMetrics>();
        services.AddSingleton<ISampledMetrics>(provider => provider.GetRequiredService<RetentionMetrics>());
        services.AddHosted<RetentionWorker>();
    }

    private static IArchiveStore StoreOf(ArchiveOptions archive, string service) => archive.Kind switch
    {
        ArchiveKind.Directory => new DescribedArchiveStore(
            new DirectoryArchiveStore(Path.Combine(archive.Directory!, service)),
            $"the directory {archive.Directory}",
            "Check that it is mounted, that this process may write there, and that the disk is not full."),
        ArchiveKind.S3 => new DescribedArchiveStore(
            new S3ArchiveStore(archive, service),
            $"the bucket {archive.Bucket} at {archive.ServiceUrl}",
            "Check that it can be reached from here, that the bucket exists, and that AccessKey and SecretKey may list, read, write and "
            + "delete there."),
        _ => new NullArchiveStore(),
    };
}
