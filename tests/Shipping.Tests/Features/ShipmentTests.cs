using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Features;

namespace OrderPlatform.Shipping.Tests.Features;

/// <summary>The HTTP API for reading and delivering shipments.</summary>
public sealed class ShipmentTests : ShippingTest
{
    [Fact]
    public async Task Shows_a_shipment_by_its_id_and_by_its_order()
    {
        var shipping = await Start(("Carrier:Mode", "Instant"));
        var orderId = await shipping.Confirm();

        var byOrder = await shipping.Get(orderId);
        var byId = await shipping.Http.GetFromJsonAsync<ShipmentResponse>($"/shipments/{byOrder.ShipmentId}", ShippingService.Json);

        Assert.Equal(JsonSerializer.Serialize(byOrder), JsonSerializer.Serialize(byId));
        Assert.Equal(Given.Lines, byOrder.Lines);
        Assert.Equal((orderId, ShipmentStatus.Dispatched, Given.Address), (byOrder.OrderId, byOrder.Status, byOrder.ShippingAddress));
    }

    [Fact]
    public async Task Keeps_the_events_of_a_shipment_until_it_is_delivered_or_cancelled()
    {
        var shipping = await Start();
        var (dispatched, delivered, cancelled) = (await shipping.Confirm(), await shipping.Confirm(), Guid.CreateVersion7());
        await shipping.Becomes(dispatched, ShipmentStatus.Dispatched);
        await shipping.Becomes(delivered, ShipmentStatus.Dispatched);
        await shipping.DeliverShipment((await shipping.Get(delivered)).ShipmentId);
        Carrier.Answer = (_, _) => Task.FromResult(503);
        var pending = await shipping.Confirm();
        await shipping.Deliver(Given.CancellationRequested(cancelled));
        await shipping.Deliver(Given.Confirmed(cancelled));

        var open = await shipping.Query(db => shipping.Services.GetRequiredService<IOpenStreams>().In(db).ToArrayAsync());

        Assert.Equal(new[] { dispatched.ToString(), pending.ToString() }.Order(), open.Order());
    }

    [Fact]
    public async Task Delivers_a_dispatched_shipment_once_despite_repeated_requests()
    {
        var shipping = await Start(("Carrier:Mode", "Instant"));
        var orderId = await shipping.Confirm();
        var id = (await shipping.Get(orderId)).ShipmentId;

        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => shipping.DeliverShipment(id)));

        foreach (var response in responses)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("delivered", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString());
        }

        Assert.Equal(["ShipmentDispatched", "ShipmentDelivered"], await shipping.Log(orderId));
    }

    [Fact]
    public async Task Refuses_to_deliver_a_shipment_that_was_not_dispatched()
    {
        Carrier.Answer = (_, _) => Task.FromResult(500);
        var shipping = await Start();
        var (pending, cancelled) = (await shipping.Confirm(), await shipping.Confirm());
        await shipping.Deliver(Given.CancellationRequested(cancelled));

        foreach (var (order, code) in new[] { (pending, "shipment-pending"), (cancelled, "shipment-cancelled") })
            await Refused(await shipping.DeliverShipment((await shipping.Get(order)).ShipmentId), HttpStatusCode.Conflict, code);
    }

    [Fact]
    public async Task Returns_404_for_an_unknown_shipment()
    {
        var shipping = await Start(("Carrier:Mode", "Instant"));
        var id = Guid.CreateVersion7();

        var shown = await shipping.Http.GetAsync(new Uri($"/shipments/{id}", UriKind.Relative));

        await Refused(shown, HttpStatusCode.NotFound, "shipment-not-found");
        await Refused(await shipping.DeliverShipment(id), HttpStatusCode.NotFound, "shipment-not-found");
    }

    [Fact]
    public async Task Pages_newest_first_through_every_shipment_while_others_are_created()
    {
        var shipping = await Start(("Carrier:Mode", "Instant"));
        var orders = new List<Guid>();
        for (var n = 0; n < 7; n++)
        {
            orders.Add(await shipping.Confirm());
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        var seen = new List<Guid>();
        Guid? after = null;
        do
        {
            var page = await List(shipping, "limit=3" + (after is null ? "" : $"&after={after}"));
            seen.AddRange(page.Items.Select(item => item.OrderId));
            after = page.Next;
            await shipping.Confirm();
        }
        while (after is not null);

        Assert.Equal(orders.AsEnumerable().Reverse(), seen);
        Assert.Empty((await List(shipping, $"orderId={Guid.CreateVersion7()}")).Items);
    }

    [Fact]
    public async Task Refuses_a_malformed_parameter_and_names_it()
    {
        var shipping = await Start(("Carrier:Mode", "Instant"));
        foreach (var (query, parameter) in new[]
            {
                ("limit=0", "limit"), ("limit=201", "limit"), ("limit=many", "limit"),
                ("after=yesterday", "after"), ("orderId=mine", "orderId"),
            })
        {
            var response = await shipping.Http.GetAsync(new Uri($"/shipments?{query}", UriKind.Relative));

            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Equal([parameter], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
        }
    }

    private static async Task<ShipmentPage> List(ShippingService shipping, string query) =>
        (await shipping.Http.GetFromJsonAsync<ShipmentPage>($"/shipments?{query}", ShippingService.Json))!;

    private static async Task Refused(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
    }
}
