using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

/// <summary>
/// As much of an S3-compatible store as archives need: objects of one bucket in memory, also in parts, listed two on a page. It checks the
/// access key, but not the signature.
/// </summary>
internal sealed class S3StandIn : IAsyncDisposable
{
    public const string AccessKey = "archivist";

    private static readonly XNamespace Xml = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, SortedDictionary<int, byte[]>> uploads = [];
    private readonly ConcurrentDictionary<string, int> parts = [];

    private S3StandIn(WebApplication app) => this.app = app;

    public ConcurrentDictionary<string, byte[]> Objects { get; } = [];

    /// <summary>Whether it denies every request.</summary>
    public bool Refuses { get; set; }

    /// <summary>Changes the content of an object before it is stored.</summary>
    public Func<byte[], byte[]> Keep { get; set; } = content => content;

    public Uri Url => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<S3StandIn> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var standIn = new S3StandIn(builder.Build());
        standIn.app.Run(standIn.Handle);
        await standIn.app.StartAsync();
        return standIn;
    }

    /// <summary>The number of parts in which an object was sent; 0 if it was sent whole.</summary>
    public int PartsOf(string key) => parts.GetValueOrDefault(key);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Handle(HttpContext http)
    {
        var (request, query) = (http.Request, http.Request.Query);
        var key = request.Path.Value!.Replace("/bucket/", "", StringComparison.Ordinal);
        if (Refuses || !request.Headers.Authorization.ToString().Contains($"Credential={AccessKey}/", StringComparison.Ordinal))
            await Answer(http, 403, new XElement("Error", new XElement("Code", "AccessDenied")));
        else if (request.Method == "PUT" && query.ContainsKey("partNumber"))
            http.Response.Headers.ETag = Part(query["uploadId"]!, query["partNumber"]!, await Body(request));
        else if (request.Method == "PUT")
            (Objects[key], http.Response.Headers.ETag) = (Keep(await Body(request)), "\"whole\"");
        else if (request.Method == "POST" && query.ContainsKey("uploads"))
            await Answer(http, 200, new XElement(Xml + "InitiateMultipartUploadResult", new XElement(Xml + "UploadId", Begin())));
        else if (request.Method == "POST")
        {
            await Answer(
                http,
                200,
                new XElement(Xml + "CompleteMultipartUploadResult", new XElement(Xml + "ETag", Complete(key, query["uploadId"]!))));
        }
        else if (request.Method == "DELETE")
            (_, http.Response.StatusCode) = (Objects.TryRemove(key, out _), 204);
        else if (query.ContainsKey("list-type"))
            await Answer(http, 200, List(query["prefix"]!, query["continuation-token"]));
        else if (Objects.TryGetValue(key, out var content))
            await http.Response.Body.WriteAsync(content);
        else
            await Answer(http, 404, new XElement("Error", new XElement("Code", "NoSuchKey")));
    }

    private static Task Answer(HttpContext http, int status, XElement xml)
    {
        (http.Response.StatusCode, http.Response.ContentType) = (status, "application/xml");
        return http.Response.WriteAsync(xml.ToString());
    }

    /// <summary>The content; the SDK may send it in signed chunks: size in hexadecimal, signature, line break, bytes, line break.</summary>
    private static async Task<byte[]> Body(HttpRequest request)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer);
        var body = buffer.ToArray();
        if (!request.Headers["x-amz-content-sha256"].ToString().StartsWith("STREAMING-", StringComparison.Ordinal))
            return body;
        using var content = new MemoryStream();
        for (var at = 0; ;)
        {
            var line = body.AsSpan(at, body.AsSpan(at).IndexOf("\r\n"u8));
            var size = int.Parse(Encoding.ASCII.GetString(line).Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0)
                return content.ToArray();
            at += line.Length + 2;
            content.Write(body, at, size);
            at += size + 2;
        }
    }

    private string Begin()
    {
        var id = Guid.NewGuid().ToString();
        uploads[id] = [];
        return id;
    }

    private string Part(string upload, string number, byte[] content)
    {
        lock (uploads[upload])
            uploads[upload][int.Parse(number, CultureInfo.InvariantCulture)] = content;
        return $"\"{number}\"";
    }

    private string Complete(string key, string upload)
    {
        (Objects[key], parts[key]) = (Keep([.. uploads[upload].Values.SelectMany(part => part)]), uploads[upload].Count);
        return "\"parts\"";
    }

    private XElement List(string prefix, string? after)
    {
        var keys = Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Where(key => string.CompareOrdinal(key, after) > 0).Take(3).ToArray();
        return new XElement(
            Xml + "ListBucketResult",
            new XElement(Xml + "IsTruncated", keys.Length > 2),
            keys.Length > 2 ? new XElement(Xml + "NextContinuationToken", keys[1]) : null,
            keys.Take(2).Select(key => new XElement(
                Xml + "Contents",
                new XElement(Xml + "Key", key),
                new XElement(Xml + "Size", Objects[key].Length))));
    }
}
