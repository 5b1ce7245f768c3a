using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Inventory.Features;

namespace OrderPlatform.Inventory.Tests.Features;

public sealed class ReadStockTests(InventoryService inventory) : IClassFixture<InventoryService>
{
    [Fact]
    public async Task Returns_404_for_an_unknown_SKU()
    {
        var response = await inventory.Http.GetAsync(new Uri("/stock/unicorn", UriKind.Relative));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("sku-not-found", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Returns_400_for_an_invalid_SKU()
    {
        var response = await inventory.Http.GetAsync(new Uri("/stock/a%20b", UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Pages_through_every_SKU_once_in_byte_order()
    {
        string[] skus = ["page-B", "page-a", "page_1", "page.2", "page-10", "page-9", "page-Z"];
        foreach (var sku in skus)
            await inventory.Stock(1, sku);

        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await List("limit=3" + (after is null ? "" : $"&after={after}"));
            Assert.True(page.Items.Count <= 3);
            seen.AddRange(page.Items.Select(item => item.Sku));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(skus.Order(StringComparer.Ordinal), seen.Where(sku => sku.StartsWith("page", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Returns_no_next_page_after_a_full_last_page()
    {
        await inventory.Stock(1, "zz-1");
        await inventory.Stock(1, "zz-2");

        var page = await List("after=zz&limit=2");

        Assert.Equal(["zz-1", "zz-2"], page.Items.Select(item => item.Sku));
        Assert.Null(page.Next);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=many", "limit")]
    [InlineData("after=a%20b", "after")]
    public async Task Refuses_a_malformed_parameter_and_names_it(string query, string parameter)
    {
        var response = await inventory.Http.GetAsync(new Uri($"/stock?{query}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal([parameter], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }

    private async Task<StockPage> List(string query) =>
        (await inventory.Http.GetFromJsonAsync<StockPage>($"/stock?{query}", InventoryService.Json))!;
}
