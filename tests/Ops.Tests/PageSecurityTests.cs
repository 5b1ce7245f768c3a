using System.Net;

namespace OrderPlatform.Ops.Tests;

public sealed class PageSecurityTests(OpsPlatform platform) : PageTest(platform)
{
    [Fact]
    public async Task Runs_only_its_own_scripts_and_cannot_be_framed()
    {
        using var response = await Orders.Http.GetAsync(new Uri("ops", UriKind.Relative));

        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains($"connect-src 'self' {Origin(Inventory)} {Origin(Orders)} {Origin(Shipping)};", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task An_unchanged_file_is_not_sent_again()
    {
        using var first = await Orders.Http.GetAsync(new Uri("ops/assets/app.js", UriKind.Relative));
        using var again = new HttpRequestMessage(HttpMethod.Get, "ops/assets/app.js");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await Orders.Http.SendAsync(again);

        Assert.Equal("text/javascript", first.Content.Headers.ContentType!.MediaType);
        Assert.True(first.Headers.CacheControl!.NoCache);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await Orders.Http.GetAsync(new Uri("ops/assets/other.js", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Only_the_peers_pages_may_request_timelines_and_nothing_else()
    {
        Assert.Equal(Origin(Shipping), await AllowedOrigin("ops/timelines/any", Origin(Shipping)));
        Assert.Null(await AllowedOrigin("ops/timelines/any", "http://elsewhere.example"));
        Assert.Null(await AllowedOrigin("ops/status", Origin(Shipping)));
        Assert.Null(await AllowedOrigin("ops/dead-letters", Origin(Shipping)));
    }

    private async Task<string?> AllowedOrigin(string path, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Origin", origin } } };
        using var response = await Orders.Http.SendAsync(request);
        return response.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed) ? allowed.Single() : null;
    }

    private static string Origin(Service service) => service.Http.BaseAddress!.GetLeftPart(UriPartial.Authority);
}
