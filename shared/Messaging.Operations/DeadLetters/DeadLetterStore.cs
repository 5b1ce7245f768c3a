using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Files failed messages: one row for each message, however often it fails. A message that fails with a transient exception is scheduled to
/// be redriven; the others wait for an operator.
/// </summary>
internal sealed partial class DeadLetterStore(
    NpgsqlDataSource source,
    DatabaseStartup database,
    MessagingTopology map,
    DeadLetterOptions options,
    TimeProvider clock,
    ILogger<DeadLetterStore> logger) : IDeadLetterStore
{
    // A message that arrives again with the same fault time is the same failure. Without a fault time, it is another failure only if it was
    // redriven since. The body is kept: it may have been edited. A dead letter that an operator has closed stays closed.
    private const string Insert =
        """
        WITH filed AS (
            INSERT INTO messaging.dead_letters AS letter (
                id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
                exception_stack, fault_at, properties, headers, body, first_failed_at, last_failed_at,
                state, automatic, redrive_kind, redrive_id, redrive_at)
            SELECT
                id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
                exception_stack, fault_at, properties::json, headers::json, body, coalesce(fault_at, now()), coalesce(fault_at, now()),
                CASE WHEN transient THEN 'scheduled' ELSE 'waiting' END, transient::int, CASE WHEN transient THEN 'automatic' END,
                CASE WHEN transient THEN $18 END, CASE WHEN transient THEN now() + $19 END
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $21) AS e (
                id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
                exception_stack, fault_at, properties, headers, body, transient)
            ORDER BY queue, message_key
            ON CONFLICT (queue, message_key) DO UPDATE SET
                source = EXCLUDED.source,
                handler = EXCLUDED.handler,
                exception_type = EXCLUDED.exception_type,
                exception_message = EXCLUDED.exception_message,
                exception_stack = EXCLUDED.exception_stack,
                fault_at = EXCLUDED.fault_at,
                headers = EXCLUDED.headers,
                last_failed_at = EXCLUDED.last_failed_at,
                attempts = letter.attempts + 1,
                automatic = letter.automatic + (letter.state <> 'scheduled' AND EXCLUDED.automatic > 0 AND letter.automatic < $20)::int,
                state = CASE WHEN letter.state IN ('discarded', 'resolved') AND EXISTS (
                                 SELECT FROM messaging.inbox AS taken WHERE taken.event_id = letter.event_id AND taken.queue = letter.queue)
                             AND NOT EXISTS (
                                 SELECT FROM messaging.deferred_events AS deferred
                                 WHERE deferred.event_id = letter.event_id AND deferred.queue = letter.queue)
                             THEN letter.state
                             WHEN letter.state = 'scheduled' OR EXCLUDED.automatic > 0 AND letter.automatic < $20
                             THEN 'scheduled' ELSE 'waiting' END,
                redrive_kind = CASE WHEN letter.state = 'scheduled' THEN letter.redrive_kind
                                    WHEN EXCLUDED.automatic > 0 AND letter.automatic < $20 THEN 'automatic' END,
                redrive_id = CASE WHEN letter.state = 'scheduled' THEN letter.redrive_id
                                  WHEN EXCLUDED.automatic > 0 AND letter.automatic < $20 THEN $18 END,
                redrive_at = CASE WHEN letter.state = 'scheduled' THEN letter.redrive_at
                                  WHEN EXCLUDED.automatic > 0 AND letter.automatic < $20
                                  THEN now() + interval '1 second' * least(
                                      extract(epoch FROM $19) * power(2, least(letter.automatic, 30)), extract(epoch FROM $22)) END
            WHERE CASE WHEN EXCLUDED.fault_at IS NULL THEN letter.state NOT IN ('waiting', 'scheduled')
                       ELSE letter.fault_at IS DISTINCT FROM EXCLUDED.fault_at END
            RETURNING id, attempts, exception_type, state, redrive_at)
        INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, details)
        SELECT id, $23, 'failed', jsonb_build_object('attempts', attempts, 'exceptionType', exception_type, 'redriveAt', redrive_at)
        FROM filed
        WHERE attempts > 1 OR state = 'scheduled'
        """;

    public ushort Prefetch => options.Prefetch;

    public async Task<IReadOnlySet<DeadLetter>> File(IReadOnlyCollection<DeadLetter> letters, CancellationToken cancellationToken)
    {
        await database.Ready.WaitAsync(cancellationToken);
        var filed = new HashSet<DeadLetter>(ReferenceEqualityComparer.Instance);
        // One statement cannot update the same row twice.
        for (var left = letters.Select(letter => (Letter: letter, Message: FailedMessages.Of(letter))).ToList(); left.Count > 0;)
        {
            var once = left.DistinctBy(one => (one.Message.Queue, one.Message.Key)).ToList();
            var done = (await FileOrSkip([.. once.Select(one => one.Message)], cancellationToken))
                .ToHashSet<FailedMessage>(ReferenceEqualityComparer.Instance);
            filed.UnionWith(once.Where(one => done.Contains(one.Message)).Select(one => one.Letter));
            left.RemoveAll(once.Contains);
        }

        return filed;
    }

    public void AddTo(NpgsqlBatch batch, string queue, EventEnvelope @event, Exception cause) =>
        AddTo(batch, [FailedMessages.Of(queue, @event, Failure.Of(cause, clock.GetUtcNow()))]);

    /// <summary>Adds the statement that files messages; no message may occur twice.</summary>
    public void AddTo(NpgsqlBatch batch, IReadOnlyList<FailedMessage> messages)
    {
        NpgsqlParameter<T[]> Column<T>(Func<FailedMessage, T> value) => Value(messages.Select(value).ToArray());
        batch.Add(
            Insert,
            Column(_ => Guid.CreateVersion7()),
            Column(message => message.Queue),
            Column(message => message.Source),
            Column(message => message.Key),
            Column(message => message.MessageId),
            Column(message => message.EventId),
            Column(message => message.Type),
            Column(message => message.Stream),
            Column(message => message.Sequence),
            Column(HandlerOf),
            Column(message => message.ExceptionType),
            Column(message => message.ExceptionMessage),
            Column(message => message.ExceptionStack),
            Column(message => message.FaultAt),
            Column(message => message.Properties),
            Column(message => message.Headers),
            Column(message => message.Body),
            Value(Redrives.Automatic),
            Value(options.AutomaticBackoff),
            Value(options.AutomaticRedrives),
            Column(IsRedrivenAutomatically),
            Value(options.LongestAutomaticBackoff),
            Value(map.Service));
    }

    /// <summary>
    /// Files them together, or else one by one: a message that cannot be filed stays where it is, and does not block the others.
    /// </summary>
    private async Task<IEnumerable<FailedMessage>> FileOrSkip(IReadOnlyList<FailedMessage> messages, CancellationToken stoppingToken)
    {
        try
        {
            await FileAll(messages, stoppingToken);
            return messages;
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            if (messages is [var only])
            {
                NotFiled(logger, exception, only.Key, only.Queue, only.Source);
                return [];
            }

            var filed = new List<FailedMessage>();
            foreach (var message in messages)
                filed.AddRange(await FileOrSkip([message], stoppingToken));
            return filed;
        }
    }

    private async Task FileAll(IReadOnlyList<FailedMessage> messages, CancellationToken stoppingToken)
    {
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                await using var batch = source.CreateBatch();
                AddTo(batch, messages);
                await batch.ExecuteNonQueryAsync(stoppingToken);
                return;
            }
            catch (NpgsqlException exception) when (!IsOfTheMessage(exception))
            {
                DatabaseAway(logger, messages.Count, exception.GetBaseException().Message);
                await backoff.Wait(stoppingToken);
            }
        }
    }

    /// <summary>
    /// Bad data, a violated constraint, or an exceeded limit: waiting does not help. Any other error of the database may pass.
    /// </summary>
    private static bool IsOfTheMessage(NpgsqlException exception) =>
        exception is PostgresException { SqlState: ['2', '2' or '3', ..] or ['5', '4', ..] };

    private bool IsRedrivenAutomatically(FailedMessage message) =>
        options.AutomaticRedrives > 0 && options.IsTransient(message.ExceptionType, message.ExceptionMessage);

    private string? HandlerOf(FailedMessage message) => map.HandlerOf(message.Queue, message.Type)?.HandlerType.Name;

    [LoggerMessage(LogLevel.Warning, "Database unavailable for {Count} dead letters ({Reason}); retrying, messages stay unacknowledged")]
    private static partial void DatabaseAway(ILogger logger, int count, string reason);

    [LoggerMessage(LogLevel.Error, "Dead letter {Key} cannot be filed; it stays in {Queue}_{Source}")]
    private static partial void NotFiled(ILogger logger, Exception exception, string key, string queue, string source);
}
