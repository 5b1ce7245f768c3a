using System.Net;
using System.Net.Http.Json;

namespace OrderPlatform.LoadGenerator;

/// <summary>Place orders, and cancel some of them.</summary>
internal sealed class Customers(HttpClient orders, Tally tally, Outage outage, TimeProvider clock)
{
    /// <summary>Places an order, and cancels it if that is planned. What fails is counted, and not tried again.</summary>
    public async Task Order(PlannedOrder planned, CancellationToken stop)
    {
        if (await Place(planned, stop) is not { } id || planned.CancelAfter is not { } regret)
            return;
        await Task.Delay(regret, clock, stop);
        await Cancel(id, stop);
    }

    private async Task<Guid?> Place(PlannedOrder planned, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "orders")
            {
                Headers = { { "Idempotency-Key", Guid.NewGuid().ToString() } },
                Content = JsonContent.Create(new { planned.CustomerId, planned.Lines, ShippingAddress = Address }),
            };
            using var response = await orders.SendAsync(request, stop);
            response.EnsureSuccessStatusCode();
            var accepted = await response.Content.ReadFromJsonAsync<Accepted>(stop);
            tally.CountPlaced(planned.IsScarce);
            outage.Succeeded();
            return accepted!.OrderId;
        }
        catch (Exception exception) when (Failure.IsOfTheService(exception, stop))
        {
            tally.CountFailed();
            outage.Failed(Failure.Describe(exception));
            return null;
        }
    }

    private async Task Cancel(Guid order, CancellationToken stop)
    {
        try
        {
            using var response = await orders.PostAsJsonAsync($"orders/{order}/cancellation", new { reason = "Found it cheaper" }, stop);
            if (response.StatusCode == HttpStatusCode.Conflict)
                tally.CountTooLate();
            else if (response.EnsureSuccessStatusCode().IsSuccessStatusCode)
                tally.CountCancelled();
        }
        catch (Exception exception) when (Failure.IsOfTheService(exception, stop))
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
