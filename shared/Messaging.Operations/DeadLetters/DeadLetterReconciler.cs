using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Follows up on redrives and on operators' decisions: resolves redriven dead letters that were handled, and runs the followers of closed
/// ones.
/// </summary>
internal sealed partial class DeadLetterReconciler(
    NpgsqlDataSource source,
    DeferredEvents deferredEvents,
    DeadLetterStore store,
    DatabaseStartup database,
    MessagingTopology topology,
    DeadLetterOptions options,
    TimeProvider clock,
    ILogger<DeadLetterReconciler> logger) : BackgroundLoop(database.Ready, options.ReconcileInterval)
{
    /// <summary>How many dead letters one statement reads, and the maximum number of such statements in one turn.</summary>
    private const int Stretch = 1000;
    private const int Stretches = 10;

    internal static readonly string Resolve = EmbeddedSql.Of(typeof(DeadLetterReconciler), "Resolve");

    internal const string SelectClosed =
        """
        SELECT id, queue, stream, type, sequence, state
        FROM messaging.dead_letters
        WHERE followers_due AND queue = ANY($1)
        LIMIT 100
        """;

    private const string Forget =
        """
        WITH deferred AS (DELETE FROM messaging.deferred_events WHERE queue = $1 AND event_id = ANY($2))
        DELETE FROM messaging.inbox WHERE queue = $1 AND event_id = ANY($2)
        """;

    private const string Released = "UPDATE messaging.dead_letters SET followers_due = false WHERE id = $1";

    private const string RetryNow = "UPDATE messaging.deferred_events SET retry_at = now() WHERE queue = $1 AND event_id = $2";

    internal const string EndRedrives =
        """
        DELETE FROM messaging.redrives AS redrive
        WHERE id <> ALL($1) AND NOT EXISTS (SELECT FROM messaging.dead_letters WHERE redrive_id = redrive.id AND due_at IS NOT NULL)
        """;

    private (DateTimeOffset RedrivenAt, Guid Id) looked = (DateTimeOffset.MinValue, Guid.Empty);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        await ResolveHandled(stoppingToken);
        foreach (var closed in await Closed(stoppingToken))
            await Release(closed, stoppingToken);
        await using var end = source.CreateCommand(EndRedrives);
        end.Parameters.Add(Value(Redrives.Lasting));
        await end.ExecuteNonQueryAsync(stoppingToken);
    }

    protected override void Interrupted(Exception exception)
    {
        source.DropIfBroken(exception);
        Interrupted(logger, exception.GetBaseException().Message);
    }

    /// <summary>From oldest to newest, some in each turn, so that messages that are never handled do not hide the others.</summary>
    private async Task ResolveHandled(CancellationToken stoppingToken)
    {
        for (var statement = 0; statement < Stretches; statement++)
        {
            await using var command = source.CreateCommand(Resolve);
            command.Parameters.Add(Value(looked.RedrivenAt));
            command.Parameters.Add(Value(looked.Id));
            command.Parameters.Add(Value(Stretch));
            command.Parameters.Add(Value(topology.Service));
            await using var last = await command.ExecuteReaderAsync(stoppingToken);
            looked = await last.ReadAsync(stoppingToken)
                ? (last.GetFieldValue<DateTimeOffset>(0), last.GetGuid(1))
                : (DateTimeOffset.MinValue, Guid.Empty);
            if (looked.Id == Guid.Empty)
                return;
        }
    }

    private async Task<List<ClosedLetter>> Closed(CancellationToken stoppingToken)
    {
        await using var command = source.CreateCommand(SelectClosed);
        command.Parameters.Add(Value(topology.Queues.Keys.ToArray()));
        await using var row = await command.ExecuteReaderAsync(stoppingToken);
        var closed = new List<ClosedLetter>();
        while (await row.ReadAsync(stoppingToken))
        {
            closed.Add(new ClosedLetter(
                row.GetGuid(0),
                row.GetString(1),
                row.GetString(2),
                row.GetText(3),
                row.GetFieldValue<int?>(4),
                $"It waits for an event that was {row.GetString(5)}: {row.GetText(3)} {row.GetFieldValue<int?>(4)}"));
        }

        return closed;
    }

    /// <summary>
    /// Tries the deferred events of the stream, in sequence; those that are still too early become dead letters in the same transaction.
    /// </summary>
    private async Task Release(ClosedLetter closed, CancellationToken stoppingToken)
    {
        try
        {
            await deferredEvents.Resume(closed.Queue, closed.Stream, (batch, deferred) => File(closed, batch, deferred), stoppingToken);
        }
        catch (DeferredEventFailedException failure)
        {
            // It is retried like any deferred event that fails, and eventually becomes a dead letter; then it is the others' turn.
            await using var retry = source.CreateCommand(RetryNow);
            retry.Parameters.Add(Value(closed.Queue));
            retry.Parameters.Add(Value(failure.Event.EventId));
            await retry.ExecuteNonQueryAsync(stoppingToken);
        }
    }

    private void File(ClosedLetter closed, NpgsqlBatch batch, IReadOnlyList<EventEnvelope> deferred)
    {
        var followers = deferred.Where(closed.MayHold).ToArray();
        if (followers.Length > 0)
        {
            batch.Add(Forget, Value(closed.Queue), Value(Array.ConvertAll(followers, e => e.EventId)));
            store.AddTo(batch, [.. followers.Select(e => FailedMessages.Of(closed.Queue, e, new Failure(null, closed.Reason, null, clock.GetUtcNow())))]);
        }

        batch.Add(Released, Value(closed.Id));
    }

    [LoggerMessage(LogLevel.Warning, "Dead letters could not be reconciled ({Reason}); retrying at the next interval")]
    private static partial void Interrupted(ILogger logger, string reason);

    private sealed record ClosedLetter(Guid Id, string Queue, string Stream, string? Type, int? Sequence, string Reason)
    {
        /// <summary>True for all events on its stream, except those that its producer wrote before it.</summary>
        public bool MayHold(EventEnvelope deferred) =>
            Type is null || EventTypes.ProducerOf(deferred.Type) != EventTypes.ProducerOf(Type) || !(deferred.Sequence < Sequence);
    }
}
