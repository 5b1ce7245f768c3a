using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderPlatform.Orders.Features;

namespace OrderPlatform.Orders.Tests.Features;

public sealed class PlaceOrderTests(OrdersService orders) : IClassFixture<OrdersService>
{
    [Fact]
    public async Task Accepts_an_order_while_the_broker_is_down()
    {
        var response = await orders.Http.PostAsJsonAsync("/orders", Given.Request());

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(["orderId", "status"], answer.EnumerateObject().Select(property => property.Name));
        Assert.Equal("placed", answer.GetProperty("status").GetString());
        Assert.Equal($"/orders/{answer.GetProperty("orderId").GetString()}", response.Headers.Location!.OriginalString);
        var order = await orders.Http.GetFromJsonAsync<JsonElement>(response.Headers.Location);
        Assert.Equal(answer.GetProperty("orderId").GetString(), order.GetProperty("orderId").GetString());
    }

    [Fact]
    public async Task Accepts_the_largest_order_that_the_limits_allow()
    {
        var lines = Enumerable.Range(0, 100).Select(n => new PlaceOrderLine(new string('s', 60) + $"._{n:00}", 1_000_000)).ToArray();
        var address = new PlaceOrderAddress(Text(200), Text(200), Text(100), Text(20), "DE");

        var response = await orders.Http.PostAsJsonAsync("/orders", new PlaceOrderRequest(Text(64), lines, address));

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var order = await orders.Get((await response.Content.ReadFromJsonAsync<OrderState>(OrdersService.Json))!.OrderId);
        Assert.Equal(lines.Select(line => (line.Sku, line.Quantity)), order.Lines.Select(line => (line.Sku, line.Quantity)));
        Assert.Equal(Text(200), order.ShippingAddress.Street);

        static string Text(int length) => new('ü', length);
    }

    // Each case sets one property, by its path, of a valid request; the problem must name the field.
    public static TheoryData<string, string, string> Malformed => new()
    {
        { "customerId", "\"\"", "customerId" },
        { "customerId", "\"   \"", "customerId" },
        { "customerId", "null", "customerId" },
        { "customerId", "7", "customerId" },
        { "customerId", "\"a\\u0000b\"", "customerId" },
        { "customerId", $"\"{new string('c', 65)}\"", "customerId" },
        { "lines", "null", "lines" },
        { "lines", "[]", "lines" },
        { "lines", "[null]", "lines[0]" },
        { "lines", $"[{string.Join(',', Enumerable.Range(0, 101).Select(n => $$"""{"sku":"s{{n}}","quantity":1}"""))}]", "lines" },
        { "lines", """[{"sku":"a","quantity":1},{"sku":"b","quantity":1},{"sku":"a","quantity":2}]""", "lines" },
        { "lines.0.sku", "\"\"", "lines[0].sku" },
        { "lines.0.sku", "\"a b\"", "lines[0].sku" },
        { "lines.0.sku", "\"a\\n\"", "lines[0].sku" },
        { "lines.0.sku", $"\"{new string('s', 65)}\"", "lines[0].sku" },
        { "lines.0.quantity", "0", "lines[0].quantity" },
        { "lines.0.quantity", "-1", "lines[0].quantity" },
        { "lines.0.quantity", "1000001", "lines[0].quantity" },
        { "lines.0.quantity", "1.5", "lines[0].quantity" },
        { "lines.0.quantity", "\"1\"", "lines[0].quantity" },
        { "lines.0.quantity", "99999999999", "lines[0].quantity" },
        { "lines.0.price", "1", "lines[0].price" },
        { "shippingAddress", "null", "shippingAddress" },
        { "shippingAddress.recipient", "\"\"", "shippingAddress.recipient" },
        { "shippingAddress.street", $"\"{new string('s', 201)}\"", "shippingAddress.street" },
        { "shippingAddress.city", "\" \"", "shippingAddress.city" },
        { "shippingAddress.postalCode", $"\"{new string('9', 21)}\"", "shippingAddress.postalCode" },
        { "shippingAddress.country", "\"gb\"", "shippingAddress.country" },
        { "shippingAddress.country", "\"GBR\"", "shippingAddress.country" },
        { "comment", "\"hello\"", "comment" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Refuses_a_malformed_field_and_names_it(string path, string value, string field)
    {
        var request = JsonSerializer.SerializeToNode(Given.Request(), OrdersService.Json)!;
        Set(request, path.Split('.'), JsonNode.Parse(value));
        using var body = new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json");

        var response = await orders.Http.PostAsync(new Uri("/orders", UriKind.Relative), body);

        await AssertProblem(response, HttpStatusCode.BadRequest, field);
    }

    [Theory]
    [InlineData("customerId")]
    [InlineData("lines")]
    [InlineData("shippingAddress")]
    public async Task Refuses_a_missing_field_and_names_it(string field)
    {
        var request = JsonSerializer.SerializeToNode(Given.Request(), OrdersService.Json)!.AsObject();
        request.Remove(field);

        var response = await orders.Http.PostAsJsonAsync("/orders", request);

        await AssertProblem(response, HttpStatusCode.BadRequest, field);
    }

    [Fact]
    public async Task Refuses_a_body_larger_than_64_KiB()
    {
        using var body = new StringContent(new string(' ', (64 * 1024) + 1), Encoding.UTF8, "application/json");

        var response = await orders.Http.PostAsync(new Uri("/orders", UriKind.Relative), body);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\u007f")]
    [InlineData("longer than 255")]
    public async Task Refuses_a_malformed_idempotency_key(string key)
    {
        var response = await Post(Given.Request(), key == "longer than 255" ? new string('k', 256) : key);

        await AssertProblem(response, HttpStatusCode.BadRequest, "idempotencyKey");
    }

    [Fact]
    public async Task Answers_a_repeated_request_with_the_same_order_in_any_status()
    {
        var key = new string('k', 219) + Guid.NewGuid();
        var first = await Post(Given.Request(), key);
        var id = (await first.Content.ReadFromJsonAsync<OrderState>(OrdersService.Json))!.OrderId;
        await orders.Cancel(id);

        var second = await Post(Given.Request(), key);

        Assert.Equal(HttpStatusCode.Created, second.StatusCode);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(2, (await orders.History(id)).Events.Count);
    }

    [Fact]
    public async Task Compares_a_repeated_body_by_content_not_by_formatting()
    {
        var key = Guid.NewGuid().ToString();
        var first = await Post(Given.Request(), key);
        var properties = JsonSerializer.SerializeToNode(Given.Request(), OrdersService.Json)!.AsObject().Reverse().ToArray();
        var reordered = new JsonObject(properties.Select(property => KeyValuePair.Create(property.Key, property.Value?.DeepClone())));

        var second = await Post(reordered, key);

        Assert.Equal(first.Headers.Location, second.Headers.Location);
    }

    [Fact]
    public async Task Refuses_an_idempotency_key_used_with_another_body()
    {
        var key = Guid.NewGuid().ToString();
        await Post(Given.Request("customer-1"), key);

        var response = await Post(Given.Request("customer-2"), key);

        await AssertProblem(response, HttpStatusCode.UnprocessableEntity);
        Assert.Equal("idempotency-key-reused", await CodeOf(response));
    }

    [Fact]
    public async Task Creates_one_order_from_concurrent_requests_to_two_instances()
    {
        var customer = Guid.NewGuid().ToString();
        await using var other = await orders.Start();

        for (var round = 0; round < 10; round++)
        {
            var key = Guid.NewGuid().ToString();
            var responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(n =>
                Post(Given.Request($"{customer[..32]}-{round}"), key, n % 2 == 0 ? orders.Http : other.Http)));

            Assert.All(responses, response => Assert.Equal(HttpStatusCode.Created, response.StatusCode));
            Assert.Single(responses.Select(response => response.Headers.Location).Distinct());
            var page = await orders.Http.GetFromJsonAsync<OrderPage>($"/orders?customerId={customer[..32]}-{round}", OrdersService.Json);
            Assert.Single(page!.Items);
        }
    }

    [Fact]
    public async Task Accepts_one_of_two_concurrent_bodies_with_the_same_key()
    {
        var key = Guid.NewGuid().ToString();

        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Post(Given.Request($"customer-{n}"), key)));

        Assert.Single(responses, response => response.StatusCode == HttpStatusCode.Created);
        Assert.Equal(7, responses.Count(response => response.StatusCode == HttpStatusCode.UnprocessableEntity));
    }

    [Fact]
    public void Decides_that_an_order_is_placed()
    {
        var placed = PlaceOrder.Decide(Given.Request(), Given.OrderId, Given.Now).Happened!;

        Assert.Equal((Given.OrderId, "customer-7", Given.Now), (placed.OrderId, placed.CustomerId, placed.PlacedAt));
        Assert.Equal(Given.Address, placed.ShippingAddress);
        Assert.Equal(Given.Lines, placed.Lines);
    }

    private static void Set(JsonNode node, string[] path, JsonNode? value)
    {
        var parent = path[..^1].Aggregate(node, (at, step) => int.TryParse(step, out var index) ? at[index]! : at[step]!);
        parent[path[^1]] = value;
    }

    private static async Task AssertProblem(HttpResponseMessage response, HttpStatusCode status, string? field = null)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, $"{response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        if (field is not null)
            Assert.Equal([field], JsonNode.Parse(text)!["errors"]!.AsObject().Select(error => error.Key));
    }

    private static async Task<string?> CodeOf(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString();

    private async Task<HttpResponseMessage> Post<T>(T body, string key, HttpClient? http = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = JsonContent.Create(body, MediaTypeHeaderValue.Parse("application/json"), OrdersService.Json),
        };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await (http ?? orders.Http).SendAsync(request);
    }
}
