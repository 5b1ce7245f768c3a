using System.Net;
using System.Net.Http.Json;

namespace OrderPlatform.LoadGenerator;

/// <summary>Place orders, and cancel some of them.</summary>
internal sealed class Customers(HttpClient orders, Tally tally, Outage outage, TimeProvider clock)
{
    /// <summary>Places an order, and cancels it if that is planned. Failures are counted, not retried.</summary>
    public async Task Order(PlannedOrder planned, CancellationToken stoppingToken)
    {
        if (await Place(planned, stoppingToken) is not { } id || planned.CancelAfter is not { } regret)
            return;
        await Task.Delay(regret, clock, stoppingToken);
        await Cancel(id, stoppingToken);
    }

    private async Task<Guid?> Place(PlannedOrder planned, CancellationToken stoppingToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "orders")
            {
                Headers = { { "Idempotency-Key", Guid.NewGuid().ToString() } },
                Content = JsonContent.Create(new { planned.CustomerId, planned.Lines, ShippingAddress = Address }),
            };
            using var response = await orders.SendAsync(request, stoppingToken);
            response.EnsureSuccessStatusCode();
            var accepted = await response.Content.ReadFromJsonAsync<Accepted>(stoppingToken);
            tally.CountPlaced(planned.IsScarce);
            outage.Succeeded();
            return accepted!.OrderId;
        }
        catch (Exception exception) when (Failure.IsOfTheService(exception, stoppingToken))
        {
            tally.CountFailed();
            outage.Failed(Failure.Describe(exception));
            return null;
        }
    }

    private async Task Cancel(Guid order, CancellationToken stoppingToken)
    {
        try
        {
            using var response = await orders.PostAsJsonAsync($"orders/{order}/cancellation", new { reason = "Found it cheaper" }, stoppingToken);
            if (response.StatusCode == HttpStatusCode.Conflict)
                tally.CountTooLate();
            else if (response.EnsureSuccessStatusCode().IsSuccessStatusCode)
                tally.CountCancelled();
        }
        catch (Exception exception) when (Failure.IsOfTheService(exception, stoppingToken))
        {
            outage.Failed(Failure.Describe(exception));
        }
    }

    private static readonly object Address = new
    {
        Recipient = "Ada Lovelace",
        Street = "12 St James's Square",
        City = "London",
        PostalCode = "SW1Y 4JH",
        Country = "GB",
    };

    private sealed record Accepted(Guid OrderId);
}
