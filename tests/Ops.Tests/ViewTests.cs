namespace OrderPlatform.Ops.Tests;

public sealed class ViewTests(OpsPlatform platform) : PageTest(platform)
{
    [Fact]
    public async Task Every_view_is_reached_with_one_click_and_is_accessible()
    {
        await Shop.Becomes(await Shop.Place(await Shop.Stock(1)), "shipped");
        await Open(Orders, "");
        foreach (var view in new[] { "Overview", "Dead letters", "Events", "Timeline", "Replays", "Rebuilds" })
        {
            var link = Page.GetByRole(AriaRole.Navigation, new() { Name = "Views" }).GetByRole(AriaRole.Link, new() { Name = view });
            await link.ClickAsync();
            await Expect(link).ToHaveAttributeAsync("aria-current", "page");
            await Expect(Page.Locator("main[aria-busy]")).ToHaveCountAsync(0);
            await IsAccessible(view);
        }
    }

    [Fact]
    public async Task A_service_links_to_the_pages_of_the_others()
    {
        await Open(Orders, "");
        await Link("shipping").ClickAsync();

        await Expect(Page).ToHaveTitleAsync("Overview · shipping");
        Assert.StartsWith(Shipping.Http.BaseAddress!.ToString(), Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_view_stays_while_the_service_is_down_and_updates_afterwards()
    {
        await Open(Orders, "");
        Expected.AddRange(["ERR_CONNECTION_REFUSED", "503 (Service Unavailable)"]);
        await Orders.Stop();

        await Says("This view may be out of date.");
        await Expect(Page.GetByRole(AriaRole.Heading, new() { Name = "Overview" })).ToBeVisibleAsync();
        await Page.RunAndWaitForResponseAsync(
            () => Orders.Start(), response => response.Url.EndsWith("/ops/status", StringComparison.Ordinal) && response.Ok);
    }
}
