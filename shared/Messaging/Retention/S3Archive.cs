using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;

namespace OrderPlatform.Messaging;

/// <summary>Archives in a bucket of an S3-compatible store.</summary>
internal sealed class S3Archive : IArchiveStore, IDisposable
{
    private readonly AmazonS3Client client;
    private readonly string bucket;
    private readonly string prefix;

    public S3Archive(ArchiveOptions options, string service)
    {
        var settings = new AmazonS3Config
        {
            ServiceURL = options.ServiceUrl!.ToString(),
            AuthenticationRegion = options.Region,
            ForcePathStyle = options.PathStyle,
            // Not every store knows the newer checksums; what is archived has its own, and is read back.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        client = options.AccessKey is { Length: > 0 } key
            ? new AmazonS3Client(new BasicAWSCredentials(key, options.SecretKey), settings)
            : new AmazonS3Client(settings);
        (bucket, prefix) = (options.Bucket!, $"{options.Prefix}{service}/");
    }

    public async Task Write(string name, Func<Stream, Task> write, CancellationToken cancellation)
    {
        // The store wants to know the size before the content.
        await using var file = new FileStream(
            Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 81_920, FileOptions.DeleteOnClose);
        await write(file);
        file.Position = 0;
        using var transfer = new TransferUtility(client);
        await transfer.UploadAsync(
            new TransferUtilityUploadRequest
            {
                BucketName = bucket,
                Key = prefix + name,
                InputStream = file,
                AutoCloseStream = false,
            },
            cancellation);
    }

    public async Task<Stream> Open(string name, CancellationToken cancellation)
    {
        try
        {
            return (await client.GetObjectAsync(bucket, prefix + name, cancellation)).ResponseStream;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            throw new FileNotFoundException(exception.Message, name, exception);
        }
    }

    public async Task<IReadOnlyList<string>> List(CancellationToken cancellation)
    {
        var names = new List<string>();
        var pages = client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = bucket, Prefix = prefix });
        await foreach (var item in pages.S3Objects.WithCancellation(cancellation))
            names.Add(item.Key[prefix.Length..]);
        return names;
    }

    public Task Delete(string name, CancellationToken cancellation) => client.DeleteObjectAsync(bucket, prefix + name, cancellation);

    public void Dispose() => client.Dispose();
}
