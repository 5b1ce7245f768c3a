using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Shipping.Domain;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Features;
using OrderPlatform.Shipping.Storage;
using Polly.CircuitBreaker;

namespace OrderPlatform.Shipping.Booking;

/// <summary>
/// Calls the carrier for every shipment that is due. Instances share the work: each claims some shipments with a lease and calls
/// outside any transaction. A shipment that an instance does not finish is due again when the lease ends; calling twice does no harm,
/// because the carrier recognises the shipment by its id.
/// </summary>
/// <remarks>
/// The lease and the number of attempts are not part of the shipment's history: they say who calls when, and change in the row alone,
/// without an event in the log.
/// <para>
/// It is not a <c>BackgroundLoop</c>: it has no turns. When one call ends, the next due shipment takes its place while the other calls
/// continue.
/// </para>
/// </remarks>
internal sealed partial class BookingWorker(
    IServiceScopeFactory scopes,
    TransactionBatcher batcher,
    BookingSignal signal,
    CarrierOptions options,
    TimeProvider clock,
    HealthCheckService health,
    IHostApplicationLifetime host,
    ILogger<BookingWorker> logger)
    : BackgroundService
{
    private volatile Task pause = Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The simulator is in this process: it cannot be called before the server listens.
        await Task.Delay(Timeout.Infinite, host.ApplicationStarted)
            .WaitAsync(stoppingToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Only the health check tells a service that the migrations are applied, and it offers nothing to await.
        while (await DatabaseIsUnavailable(stoppingToken))
            await Task.Delay(TimeSpan.FromMilliseconds(100), stoppingToken);

        var work = new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = stoppingToken };
        await Parallel.ForEachAsync(DueShipments(stoppingToken), work, CallCarrier);
    }

    /// <summary>Whether the database cannot be reached, or lacks migrations.</summary>
    private async Task<bool> DatabaseIsUnavailable(CancellationToken stoppingToken) =>
        (await health.CheckHealthAsync(check => check.Name == "database", stoppingToken)).Status == HealthStatus.Unhealthy;

    private async IAsyncEnumerable<Shipment> DueShipments([EnumeratorCancellation] CancellationToken stoppingToken)
    {
        while (true)
        {
            // An open circuit fails every call: claiming shipments meanwhile would only write rows.
            await pause;
            var due = signal.Next();
            var claimed = new Queue<Shipment>(await Claim(stoppingToken));
            if (claimed.Count == 0)
                await Task.WhenAny(due, Task.Delay(options.PollInterval, clock, stoppingToken));
            stoppingToken.ThrowIfCancellationRequested();
            try
            {
                while (claimed.TryDequeue(out var shipment))
                    yield return shipment;
            }
            finally
            {
                await Task.WhenAll(claimed.Select(shipment => Postpone(shipment, TimeSpan.Zero)));
            }
        }
    }

    /// <summary>Claims due shipments until the lease ends. Instances do not wait for one another's locks.</summary>
    private async Task<IReadOnlyList<Shipment>> Claim(CancellationToken stoppingToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var now = clock.GetUtcNow();
            return await scope.ServiceProvider.GetRequiredService<ShippingDb>().Shipments
                .FromSql(
                    $"""
                     UPDATE shipments SET attempts = attempts + 1, next_attempt_at = {now + options.Lease}
                     WHERE order_id = ANY (ARRAY(
                         SELECT order_id FROM shipments
                         WHERE next_attempt_at <= {now}
                         ORDER BY next_attempt_at
                         LIMIT {options.Concurrency}
                         FOR UPDATE SKIP LOCKED))
                     RETURNING *
                     """)
                .AsNoTracking()
                .ToListAsync(stoppingToken);
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            ClaimFailed(logger, exception.GetBaseException().Message);
            return [];
        }
    }

    private async ValueTask CallCarrier(Shipment shipment, CancellationToken stoppingToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            if (shipment.Status == ShipmentStatus.Cancelled)
                await scope.ServiceProvider.GetRequiredService<UndoBooking>().Handle(shipment, stoppingToken);
            else
                await scope.ServiceProvider.GetRequiredService<BookShipment>().Handle(shipment, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Postpone(shipment, TimeSpan.Zero);
        }
        catch (BrokenCircuitException exception)
        {
            var closed = exception.RetryAfter ?? TimeSpan.FromSeconds(1);
            pause = Task.Delay(closed, clock, stoppingToken);
            await Postpone(shipment, closed);
        }
        catch (Exception exception)
        {
            var backoff = Backoff(shipment.Attempts);
            AttemptFailed(logger, shipment.Id, shipment.Attempts, backoff, exception.GetBaseException().Message);
            await Postpone(shipment, backoff);
        }
    }

    /// <summary>Ends the lease early.</summary>
    private async Task Postpone(Shipment shipment, TimeSpan delay)
    {
        try
        {
            await batcher.Run(
                rows => rows.Add<Shipment>(shipment.OrderId),
                unit =>
                {
                    unit.Apply(unit.Get<Shipment>(shipment.OrderId), new CarrierCallPostponed(clock.GetUtcNow() + delay));
                    return true;
                },
                CancellationToken.None);
        }
        catch (Exception exception)
        {
            PostponeFailed(logger, shipment.Id, options.Lease, exception.GetBaseException().Message);
        }
    }

    /// <summary>
    /// One second, doubled with each attempt; with jitter, so that calls that failed together are not repeated together. The attempts are
    /// counted in the row, for all instances; the library's <c>Backoff</c> counts those of one loop.
    /// </summary>
    private TimeSpan Backoff(int attempts)
    {
        var doubled = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(attempts - 1, 20)));
        return (doubled < options.LongestBackoff ? doubled : options.LongestBackoff) * (0.75 + Random.Shared.NextDouble() / 4);
    }

    [LoggerMessage(LogLevel.Warning, "Due shipments cannot be claimed ({Reason}); retrying at the next poll")]
    private static partial void ClaimFailed(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "Shipment {ShipmentId}: carrier call {Attempt} failed ({Reason}); retrying in {Backoff}")]
    private static partial void AttemptFailed(ILogger logger, Guid shipmentId, int attempt, TimeSpan backoff, string reason);

    [LoggerMessage(LogLevel.Warning, "Shipment {ShipmentId} cannot be postponed ({Reason}); it is due when its lease of {Lease} ends")]
    private static partial void PostponeFailed(ILogger logger, Guid shipmentId, TimeSpan lease, string reason);
}
