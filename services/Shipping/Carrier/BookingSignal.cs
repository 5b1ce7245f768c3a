using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging;
using OrderPlatform.Shipping.Domain;

namespace OrderPlatform.Shipping.Carrier;

/// <summary>Wakes the booking worker after a commit in this process that left it something to do.</summary>
internal sealed class BookingSignal : ICommitObserver, IDisposable
{
    private readonly SemaphoreSlim signal = new(0, 1);

    public void Committed(DbContext database)
    {
        var shipments = database.ChangeTracker.Entries<Shipment>();
        if (signal.CurrentCount == 0 && shipments.Any(shipment => shipment.Entity.NextAttemptAt is not null))
            Set();
    }

    public Task Wait(TimeSpan atMost, CancellationToken cancellationToken) => signal.WaitAsync(atMost, cancellationToken);

    public void Dispose() => signal.Dispose();

    private void Set()
    {
        try
        {
            signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another commit woke it just now; once is enough.
        }
    }
}
