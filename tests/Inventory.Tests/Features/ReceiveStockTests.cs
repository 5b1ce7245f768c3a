using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Inventory.Tests.Features;

public sealed class ReceiveStockTests(InventoryService inventory) : IClassFixture<InventoryService>
{
    [Fact]
    public async Task Creates_the_SKU_and_records_the_receipt()
    {
        var sku = NewSku();

        var response = await inventory.Receive(sku, new ReceiptRequest(5, "note-1"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(new ReceiptResponse(sku, 5, "note-1"), await response.Content.ReadFromJsonAsync<ReceiptResponse>());
        Assert.Equal(new StockResponse(sku, 5, 0), await inventory.Get(sku));
        var received = Assert.IsType<StockReceived>(Assert.Single(await inventory.Log($"sku:{sku}")));
        Assert.Equal((sku, 5, "note-1"), (received.Sku, received.Quantity, received.Reference));
    }

    [Fact]
    public async Task Counts_a_reference_once_and_answers_the_same()
    {
        var sku = NewSku();

        var first = await inventory.Receive(sku, new ReceiptRequest(5, "note-1"));
        var second = await inventory.Receive(sku, new ReceiptRequest(5, "note-1"));
        await inventory.Receive(sku, new ReceiptRequest(7, "note-2"));

        Assert.Equal(first.StatusCode, second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(12, (await inventory.Get(sku)).Available);
        Assert.Equal(2, (await inventory.Log($"sku:{sku}")).Length);
    }

    [Fact]
    public async Task Counts_a_reference_once_for_each_SKU()
    {
        var (one, other) = (NewSku(), NewSku());

        await inventory.Receive(one, new ReceiptRequest(5, "note-1"));
        await inventory.Receive(other, new ReceiptRequest(7, "note-1"));

        Assert.Equal((5, 7), ((await inventory.Get(one)).Available, (await inventory.Get(other)).Available));
    }

    [Fact]
    public async Task Counts_a_reference_once_among_concurrent_requests_to_two_instances()
    {
        var (instance, http) = await inventory.Start();
        await using var _ = instance;
        for (var round = 0; round < 10; round++)
        {
            var sku = NewSku();

            var responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(n =>
                inventory.Receive(sku, new ReceiptRequest(5, $"note-{n % 4}"), n % 2 == 0 ? inventory.Http : http)));

            Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
            Assert.Equal(20, (await inventory.Get(sku)).Available);
            Assert.Equal(4, (await inventory.Log($"sku:{sku}")).Length);
        }
    }

    [Fact]
    public async Task Refuses_a_reference_with_another_quantity()
    {
        var sku = NewSku();
        await inventory.Receive(sku, new ReceiptRequest(5, "note-1"));

        var response = await inventory.Receive(sku, new ReceiptRequest(6, "note-1"));

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("reference-used", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        Assert.Equal(5, (await inventory.Get(sku)).Available);
    }

    [Fact]
    public async Task Accepts_the_smallest_and_largest_values()
    {
        var sku = new string('x', 64);

        foreach (var (quantity, reference) in new[] { (1, "é"), (1_000_000, new string('r', 100)) })
            Assert.Equal(HttpStatusCode.OK, (await inventory.Receive(sku, new ReceiptRequest(quantity, reference))).StatusCode);

        Assert.Equal(1_000_001, (await inventory.Get(sku)).Available);
    }

    [Fact]
    public async Task Counts_more_stock_than_fits_in_an_int()
    {
        var sku = await inventory.Stock(1);
        var update = $"UPDATE stock SET available = {int.MaxValue} WHERE sku = '{sku}'";
        await using var command = inventory.Database.Source.CreateCommand(update);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await inventory.Stock(1_000_000, sku);

        Assert.Equal(int.MaxValue + 1_000_000L, (await inventory.Get(sku)).Available);
    }

    [Theory]
    [InlineData("""{"quantity":0,"reference":"r"}""", "quantity")]
    [InlineData("""{"quantity":-1,"reference":"r"}""", "quantity")]
    [InlineData("""{"quantity":1000001,"reference":"r"}""", "quantity")]
    [InlineData("""{"quantity":1.5,"reference":"r"}""", "quantity")]
    [InlineData("""{"quantity":"1","reference":"r"}""", "quantity")]
    [InlineData("""{"quantity":1,"reference":""}""", "reference")]
    [InlineData("""{"quantity":1,"reference":"a\u0000b"}""", "reference")]
    [InlineData("""{"quantity":1,"reference":null}""", "reference")]
    [InlineData("""{"quantity":1,"reference":"r","colour":"red"}""", "colour")]
    public async Task Refuses_a_malformed_receipt_and_names_the_field(string body, string field)
    {
        var sku = NewSku();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");

        var response = await inventory.Http.PostAsync(new Uri($"/stock/{sku}/receipts", UriKind.Relative), content);

        await Refused(response, field);
        Assert.Equal(HttpStatusCode.NotFound, (await inventory.Http.GetAsync(new Uri($"/stock/{sku}", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task Refuses_a_reference_that_is_too_long() =>
        await Refused(await inventory.Receive(NewSku(), new ReceiptRequest(1, new string('r', 101))), "reference");

    [Theory]
    [InlineData("a%20b")]
    [InlineData("caf%C3%A9")]
    [InlineData("a:b")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    public async Task Refuses_an_invalid_SKU(string sku) =>
        await Refused(await inventory.Receive(sku, new ReceiptRequest(1, "note-1")), "sku");

    private static string NewSku() => $"sku-{Guid.NewGuid():N}";

    private static async Task Refused(HttpResponseMessage response, string field)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(text);
        Assert.Equal([field], problem.RootElement.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }
}
