using System.Net;
using System.Net.Http.Json;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Tests.Carrier;

public sealed class CarrierModeTests : ShippingTest
{
    private static readonly Uri Settings = new("/carrier-simulator/settings", UriKind.Relative);

    [Fact]
    public async Task The_simulator_is_called_over_HTTP_and_can_be_slow_and_unreliable()
    {
        var shipping = await Start(("Carrier:Mode", "Simulator"), ("Carrier:BaseUrl", ""));
        (await shipping.Http.PutAsJsonAsync(Settings, new SimulatorSettings(5, 0.5))).EnsureSuccessStatusCode();
        Assert.Equal(new SimulatorSettings(5, 0.5), await shipping.Http.GetFromJsonAsync<SimulatorSettings>(Settings));

        var orders = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => shipping.Confirm()));

        foreach (var order in orders)
        {
            await shipping.Becomes(order, ShipmentStatus.Dispatched);
            var shipment = await shipping.Get(order);
            Assert.Equal($"SIM{shipment.ShipmentId:N}".ToUpperInvariant(), shipment.TrackingNumber);
        }
    }

    [Fact]
    public async Task A_shipment_cancelled_while_the_simulator_is_down_is_never_booked()
    {
        var shipping = await Start(("Carrier:Mode", "Simulator"), ("Carrier:BaseUrl", ""));
        await shipping.Http.PutAsJsonAsync(Settings, new SimulatorSettings(0, 1));
        var orderId = await shipping.Confirm();
        await Testing.Eventually.Is(async () => (await shipping.Get(orderId)).Attempts > 0);
        await shipping.Deliver(Given.CancellationRequested(orderId));

        await shipping.Http.PutAsJsonAsync(Settings, new SimulatorSettings(0, 0));

        await Testing.Eventually.Is(async () => (await shipping.Get(orderId)).NextAttemptAt is null);
        var shipment = await shipping.Get(orderId);
        Assert.Equal(ShipmentStatus.Cancelled, shipment.Status);
        Assert.Equal(HttpStatusCode.Conflict, (await Book(shipping, shipment.ShipmentId)).StatusCode);
    }

    [Fact]
    public async Task The_simulator_books_a_key_once()
    {
        var shipping = await Start(("Carrier:Mode", "Simulator"), ("Carrier:BaseUrl", ""));
        var key = Guid.CreateVersion7();

        var (first, second) = (await Book(shipping, key), await Book(shipping, key));

        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(60_001, 0)]
    [InlineData(0, -0.1)]
    [InlineData(0, 1.1)]
    public async Task The_simulator_refuses_settings_out_of_bounds(int delayMilliseconds, double failureRate)
    {
        var shipping = await Start(("Carrier:Mode", "Simulator"), ("Carrier:BaseUrl", ""));

        var response = await shipping.Http.PutAsJsonAsync(Settings, new SimulatorSettings(delayMilliseconds, failureRate));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("Http")]
    [InlineData("Instant")]
    public async Task There_is_no_simulator_in_other_modes(string mode)
    {
        var shipping = await Start(("Carrier:Mode", mode));

        Assert.Equal(HttpStatusCode.NotFound, (await shipping.Http.GetAsync(Settings)).StatusCode);
    }

    [Theory]
    [InlineData("Quick", "http://carrier/", "Carrier:Mode")]
    [InlineData("7", "http://carrier/", "Carrier:Mode must be one of Simulator, Http, Instant.")]
    [InlineData("Http", "", "Carrier:Mode is Http, so Carrier:BaseUrl must say where the carrier's API is.")]
    [InlineData("Http", "carrier", "Carrier:BaseUrl is 'carrier'; it must be an absolute http or https URL.")]
    [InlineData("Http", "ftp://carrier/", "Carrier:BaseUrl is 'ftp://carrier/'; it must be an absolute http or https URL.")]
    public async Task An_invalid_setting_prevents_startup_and_is_explained(string mode, string baseUrl, string why)
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => Start(("Carrier:Mode", mode), ("Carrier:BaseUrl", baseUrl)));

        Assert.Contains(why, exception.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> Book(ShippingService shipping, Guid key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/carrier-simulator/bookings", UriKind.Relative));
        request.Headers.Add("Idempotency-Key", key.ToString());
        request.Content = JsonContent.Create(new BookingRequest(Given.Address, Given.Lines));
        return await shipping.Http.SendAsync(request);
    }
}
