using Npgsql;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Metrics;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>Retries or removes deferred events without waiting for a message of their stream.</summary>
internal sealed class DeferredEvents(BatchTransaction transaction, EventDispatcher dispatcher, MessagingMetrics metrics)
{
    /// <summary>Tries the deferred events of one stream once more.</summary>
    /// <param name="queue">The queue they came from.</param>
    /// <param name="write">Adds statements for the events that still have to wait; null for none.</param>
    /// <param name="cancellationToken">Ends the transaction without a commit.</param>
    /// <exception cref="DeferredEventFailedException">One of the events failed.</exception>
    public async Task Resume(
        string queue, string stream, Action<NpgsqlBatch, IReadOnlyList<EventEnvelope>>? write, CancellationToken cancellationToken)
    {
        InboxChanges? changes = null;
        try
        {
            await transaction.Run(
                async scope =>
                {
                    var deferred = await InboxStore.Resume(scope.Database, queue, stream, cancellationToken);
                    await dispatcher.Handle(queue, deferred, scope, cancellationToken);
                    changes = new InboxChanges(queue, deferred);
                    return batch =>
                    {
                        changes.AddTo(batch);
                        write?.Invoke(batch, [.. deferred.StillDeferred]);
                    };
                },
                cancellationToken);
        }
        catch (Exception exception) when (changes?.Suspect(exception) is { } suspect)
        {
            throw new DeferredEventFailedException(suspect, exception);
        }

        changes!.Count(metrics, messages: 0);
    }

    /// <summary>Removes a deferred event as if it had never arrived, and writes where it goes instead, in one transaction.</summary>
    /// <returns>False when another transaction has handled or removed it.</returns>
    public async Task<bool> Remove(string queue, EventEnvelope deferred, Action<NpgsqlBatch> write, CancellationToken cancellationToken)
    {
        var removed = false;
        await transaction.Run(
            async scope =>
            {
                removed = await InboxStore.Remove(scope.Database, queue, deferred, cancellationToken);
                return removed ? write : null;
            },
            cancellationToken);
        return removed;
    }
}
