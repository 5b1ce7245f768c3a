using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.Page;

/// <summary>The page at <c>/ops</c>: files in this assembly, served as they are. All it shows comes from the API beside it.</summary>
internal static class OpsPage
{
    private const string Folder = "Page/";

    private static readonly Dictionary<string, string> ContentTypes = new()
    {
        [".html"] = MediaTypeNames.Text.Html,
        [".css"] = MediaTypeNames.Text.Css,
        [".js"] = MediaTypeNames.Text.JavaScript,
        [".svg"] = MediaTypeNames.Image.Svg,
    };

    /// <summary>The files by name; read once.</summary>
    private static readonly Lazy<Dictionary<string, Asset>> Assets = new(() => typeof(OpsPage).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
        .ToDictionary(name => name[Folder.Length..], Read));

    public static void MapPage(this IEndpointRouteBuilder ops)
    {
        ops.MapGet("", Page).ExcludeFromDescription();
        ops.MapGet("/assets/{name}", Find).ExcludeFromDescription();
    }

    /// <summary>Regardless of what a message contains, only the page's own scripts run, and only the services are called.</summary>
    private static FileContentHttpResult Page(HttpContext http, MessagingTopology topology, OpsOptions options)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            + $"connect-src 'self' {string.Join(' ', options.Origins)}; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        var page = Encoding.UTF8.GetString(Assets.Value["index.html"].Content)
            .Replace("{base}", http.Request.PathBase + "/ops", StringComparison.Ordinal)
            .Replace("{service}", topology.Service, StringComparison.Ordinal)
            .Replace("{peers}", HtmlEncoder.Default.Encode(JsonSerializer.Serialize(options.Peers)), StringComparison.Ordinal);
        return Send(http, new Asset(Encoding.UTF8.GetBytes(page), ".html"));
    }

    private static Results<FileContentHttpResult, NotFound> Find(HttpContext http, string name) =>
        Assets.Value.TryGetValue(name, out var asset) ? Send(http, asset) : TypedResults.NotFound();

    /// <summary>Browsers cache it but revalidate it each time, so a release is visible at once.</summary>
    private static FileContentHttpResult Send(HttpContext http, Asset asset)
    {
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        return TypedResults.Bytes(asset.Content, $"{ContentTypes[asset.Extension]}; charset=utf-8", entityTag: asset.Tag);
    }

    private static Asset Read(string resource)
    {
        using var stream = typeof(OpsPage).Assembly.GetManifestResourceStream(resource)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return new Asset(content.ToArray(), Path.GetExtension(resource));
    }

    private sealed record Asset(byte[] Content, string Extension)
    {
        public EntityTagHeaderValue Tag { get; } = new($"\"{Convert.ToHexStringLower(SHA256.HashData(Content))}\"");
    }
}
