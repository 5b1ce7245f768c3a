using System.IO.Pipelines;
using System.Runtime.ExceptionServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Transfer;

namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Archives in a bucket of an S3-compatible store.</summary>
internal sealed class S3ArchiveStore : IArchiveStore, IDisposable
{
    /// <summary>Bytes. S3 allows 10,000 parts, so an archive can have up to 160 GB.</summary>
    private const long PartSize = 16 * 1024 * 1024;

    private readonly AmazonS3Client client;
    private readonly string bucket;
    private readonly string prefix;

    public S3ArchiveStore(ArchiveOptions options, string service)
    {
        var settings = new AmazonS3Config
        {
            ServiceURL = options.ServiceUrl!.ToString(),
            AuthenticationRegion = options.Region,
            ForcePathStyle = options.PathStyle,
            // Not every store supports the newer checksums; archives have their own, and are read back.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        client = options.AccessKey is { Length: > 0 } key
            ? new AmazonS3Client(new BasicAWSCredentials(key, options.SecretKey), settings)
            : new AmazonS3Client(settings);
        (bucket, prefix) = (options.Bucket!, $"{options.Prefix}{service}/");
    }

    /// <summary>Uploads the content while it is written, in parts that are held in memory: there may be no disk large enough.</summary>
    public async Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var upload = Upload(name, pipe.Reader, cancellationToken);
        Exception? failure = null;
        try
        {
            await using var content = pipe.Writer.AsStream(leaveOpen: true);
            await write(content);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        // A failure makes the upload fail as well, so that a partial file is never taken for a whole one.
        await pipe.Writer.CompleteAsync(failure);
        try
        {
            await upload;
        }
        catch when (failure is not null)
        {
            // Each side fails with the other; the writer's exception has the cause in both cases.
        }

        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
    }

    public async Task<Stream> Open(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetObjectAsync(bucket, prefix + name, cancellationToken)).ResponseStream;
        }
        catch (AmazonS3Exception exception) when (exception.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            throw new FileNotFoundException(exception.Message, name, exception);
        }
    }

    public async Task<IReadOnlyList<string>> List(CancellationToken cancellationToken)
    {
        var names = new List<string>();
        var pages = client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = bucket, Prefix = prefix });
        await foreach (var item in pages.S3Objects.WithCancellation(cancellationToken))
            names.Add(item.Key[prefix.Length..]);
        return names;
    }

    public Task Delete(string name, CancellationToken cancellationToken) => client.DeleteObjectAsync(bucket, prefix + name, cancellationToken);

    public void Dispose() => client.Dispose();

    private async Task Upload(string name, PipeReader content, CancellationToken cancellationToken)
    {
        try
        {
            using var transfer = new TransferUtility(client);
            await transfer.UploadAsync(
                new TransferUtilityUploadRequest
                {
                    BucketName = bucket,
                    Key = prefix + name,
                    InputStream = content.AsStream(),
                    AutoCloseStream = false,
                    PartSize = PartSize,
                },
                cancellationToken);
        }
        catch (Exception exception)
        {
            // Otherwise the writer would continue without a reader.
            await content.CompleteAsync(exception);
            throw;
        }
    }
}
