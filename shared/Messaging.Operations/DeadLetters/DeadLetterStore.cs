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
/// Files failed messages: one row for each message, however often it fails. A message that fails with a transient exception is scheduled to
/// be redriven; the others wait for an operator.
/// </summary>
internal sealed partial class DeadLetterStore(
    NpgsqlDataSource source,
    DatabaseStartup database,
    MessagingTopology topology,
    DeadLetterOptions options,
    TimeProvider clock,
    ILogger<DeadLetterStore> logger) : IDeadLetterStore, IDeadLetterTable
{
    private static readonly string Insert = EmbeddedSql.Of(typeof(DeadLetterStore), "Insert");

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
            Value(topology.Service));
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

    private Task FileAll(IReadOnlyList<FailedMessage> messages, CancellationToken stoppingToken) => Backoff.Retry(
        async () =>
        {
            await using var batch = source.CreateBatch();
            AddTo(batch, messages);
            await batch.ExecuteNonQueryAsync(stoppingToken);
        },
        exception => exception is NpgsqlException npgsql && !IsOfTheMessage(npgsql),
        exception =>
        {
            source.DropIfBroken(exception);
            DatabaseUnavailable(logger, messages.Count, exception.GetBaseException().Message);
        },
        stoppingToken);

    /// <summary>
    /// Bad data, a violated constraint, or an exceeded limit: waiting does not help. Any other database error may be temporary.
    /// </summary>
    private static bool IsOfTheMessage(NpgsqlException exception) =>
        exception is PostgresException { SqlState: ['2', '2' or '3', ..] or ['5', '4', ..] };

    private bool IsRedrivenAutomatically(FailedMessage message) =>
        options.AutomaticRedrives > 0 && options.IsTransient(message.ExceptionType, message.ExceptionMessage);

    private string? HandlerOf(FailedMessage message) => topology.HandlerOf(message.Queue, message.Type)?.HandlerType.Name;

    [LoggerMessage(LogLevel.Warning, "Database unavailable for {Count} dead letters ({Reason}); retrying, messages stay unacknowledged")]
    private static partial void DatabaseUnavailable(ILogger logger, int count, string reason);

    [LoggerMessage(LogLevel.Error, "Dead letter {Key} cannot be filed; it stays in {Queue}_{Source}")]
    private static partial void NotFiled(ILogger logger, Exception exception, string key, string queue, string source);
}
