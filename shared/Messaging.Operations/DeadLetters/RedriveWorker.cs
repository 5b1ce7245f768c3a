using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Pacing;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Transport;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Publishes scheduled dead letters when they are due, and then marks them as redriven, in the transaction that locks their rows. A crash
/// in between costs a duplicate, which the inbox drops. Each redrive keeps its rate even when much of it is overdue after an outage.
/// </summary>
internal sealed partial class RedriveWorker(
    NpgsqlDataSource source,
    Signal signal,
    ITransport transport,
    DeadLetterMetrics metrics,
    DatabaseStartup database,
    MessagingTopology topology,
    DeadLetterOptions options,
    ILogger<RedriveWorker> logger) : BackgroundLoop(database.Ready, TimeSpan.Zero)
{
    /// <summary>The maximum number of messages published in one transaction; each may be large.</summary>
    private const int Batch = 100;

    /// <summary>A batch of this many bytes takes no more messages: the broker must confirm all of it within seconds.</summary>
    private const int BatchBytes = 4 * 1024 * 1024;

    // Seconds for which a redrive collects messages for one transaction.
    private const string Gather = "CASE WHEN per_second > 4 THEN 0.25 ELSE 0 END";

    // Seconds after which an unused allowance lapses, so that overdue messages are not sent all at once.
    private const string Lapse = "0.3";

    internal static readonly string SelectDue = EmbeddedSql.Of(typeof(RedriveWorker), "SelectDue")
        .Replace("{gather}", Gather, StringComparison.Ordinal)
        .Replace("{lapse}", Lapse, StringComparison.Ordinal);

    private const string SetRedriven =
        """
        WITH redriven AS (
            UPDATE messaging.dead_letters
            SET state = 'redriven', redriven_at = now()
            WHERE id = ANY($1)
            RETURNING id, redrive_kind)
        INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, details)
        SELECT id, $2, 'redriven', jsonb_build_object('kind', redrive_kind) FROM redriven
        """;

    // A message that cannot be published waits for an operator again: its queue may be gone.
    private const string GiveBack =
        """
        WITH given_back AS (
            UPDATE messaging.dead_letters AS letter
            SET state = 'waiting', redrive_kind = NULL, redrive_id = NULL, redrive_at = NULL
            FROM unnest($1, $2) AS failed (id, reason)
            WHERE letter.id = failed.id
            RETURNING letter.id, failed.reason)
        INSERT INTO messaging.dead_letter_actions (dead_letter_id, who, action, reason, details)
        SELECT id, $3, 'redrive-failed', reason, '{}' FROM given_back
        """;

    private const string SetNext =
        $"""
        UPDATE messaging.redrives
        SET next_at = greatest(next_at, now() - {Lapse} * interval '1 second') + coalesce($2 / per_second, 0) * interval '1 second'
        WHERE id = $1
        """;

    // In seconds from now; null when nothing is scheduled.
    internal const string SelectNext =
        $"""
        SELECT extract(epoch FROM min(greatest(next_at + ({Gather}) * interval '1 second', first)) - now())::float8
        FROM messaging.redrives AS redrive
        CROSS JOIN LATERAL (
            SELECT due_at AS first FROM messaging.dead_letters
            WHERE redrive_id = redrive.id AND due_at IS NOT NULL
            ORDER BY due_at LIMIT 1) AS scheduled
        """;

    private const string SetAutomaticSpeed = "UPDATE messaging.redrives SET per_second = $2 WHERE id = $1";

    /// <summary>The rows stay locked meanwhile, and other transactions wait for them for at most five seconds.</summary>
    private static readonly TimeSpan LongestConfirm = TimeSpan.FromSeconds(4);

    private IQueueSender? sender;
    private bool hasSpeed;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Disconnect();
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        if (!hasSpeed)
            await SetSpeed(stoppingToken);
        hasSpeed = true;
        var scheduled = signal.Next();
        if (await Redrive(stoppingToken) == 0)
            await Task.WhenAny(scheduled, Task.Delay(await Pause(stoppingToken), stoppingToken));
    }

    protected override void Interrupted(Exception exception)
    {
        source.DropIfBroken(exception);
        Interrupted(logger, exception.GetBaseException().Message);
    }

    /// <summary>Sets the rate of automatic redrives; the instance that started last sets it for all.</summary>
    private async Task SetSpeed(CancellationToken stoppingToken)
    {
        await using var command = source.CreateCommand(SetAutomaticSpeed);
        command.Parameters.Add(Value(Redrives.Automatic));
        command.Parameters.Add(Value(options.AutomaticRedrivesPerSecond));
        await command.ExecuteNonQueryAsync(stoppingToken);
    }

    /// <returns>How many messages were due, whether they could be published or not.</returns>
    private async Task<int> Redrive(CancellationToken stoppingToken)
    {
        await using var connection = await source.OpenConnectionAsync(stoppingToken);
        await using var transaction = await connection.BeginTransactionAsync(stoppingToken);
        var (redrive, due) = await Due(connection, stoppingToken);
        if (due.Count == 0)
            return 0;

        var failed = await Publish(due, stoppingToken);
        var redriven = due.Where(message => !failed.ContainsKey(message.Id)).ToArray();
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add(SetRedriven, Value(redriven.Select(message => message.Id).ToArray()), Value(topology.Service));
        batch.Add(GiveBack, Value(failed.Keys.ToArray()), Value(failed.Values.ToArray()), Value(topology.Service));
        batch.Add(SetNext, Value(redrive), Value((double)due.Count));
        await batch.ExecuteNonQueryAsync(stoppingToken);
        await transaction.CommitAsync(stoppingToken);
        metrics.Redriven(redriven);
        return due.Count;
    }

    /// <summary>Publishes them together, or else one by one: a message that cannot be published does not block the others.</summary>
    /// <returns>Why some could not be published, by id.</returns>
    private async Task<Dictionary<Guid, string>> Publish(List<RedrivenMessage> due, CancellationToken stoppingToken)
    {
        var failed = new Dictionary<Guid, string>();
        try
        {
            await Send(due, stoppingToken);
        }
        catch (MessageRefusedException) when (!transport.IsUp)
        {
            // The service's own queues are not declared yet, so the refusal says nothing about the message.
            throw;
        }
        catch (MessageRefusedException exception) when (due.Count == 1)
        {
            failed.Add(due[0].Id, exception.Message);
        }
        catch (MessageRefusedException)
        {
            foreach (var message in due)
            {
                foreach (var (id, reason) in await Publish([message], stoppingToken))
                    failed.Add(id, reason);
            }
        }

        return failed;
    }

    /// <summary>Connects when there is something to send, and again after a failure.</summary>
    private async Task Send(List<RedrivenMessage> due, CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(LongestConfirm);
        try
        {
            sender ??= await transport.ConnectSender("redrive", limit.Token);
            foreach (var (queue, messages) in Runs(due))
                await sender.Send(queue, messages, limit.Token);
        }
        catch (Exception exception)
        {
            if (exception is not MessageRefusedException)
                await Disconnect();
            if (exception is OperationCanceledException && !stoppingToken.IsCancellationRequested)
                throw new TimeoutException("the broker did not confirm in time", exception);
            throw;
        }
    }

    /// <summary>Groups consecutive messages to the same queue, and keeps their order.</summary>
    private static IEnumerable<(string Queue, List<TransportMessage> Messages)> Runs(List<RedrivenMessage> due)
    {
        for (var first = 0; first < due.Count;)
        {
            var run = due.Skip(first).TakeWhile(message => message.Queue == due[first].Queue).ToArray();
            yield return (due[first].Queue, [.. run.Select(MessageOf)]);
            first += run.Length;
        }
    }

    private async Task Disconnect()
    {
        if (sender is not null)
            await sender.DisposeAsync();
        sender = null;
    }

    private static TransportMessage MessageOf(RedrivenMessage message)
    {
        try
        {
            return FailedMessages.MessageOf(message.Properties, message.Headers, message.Body);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException or JsonException)
        {
            throw new MessageRefusedException(exception.Message, exception);
        }
    }

    private static async Task<(Guid Redrive, List<RedrivenMessage> Due)> Due(NpgsqlConnection connection, CancellationToken stoppingToken)
    {
        await using var command = new NpgsqlCommand(SelectDue, connection);
        command.Parameters.Add(Value(Batch));
        await using var row = await command.ExecuteReaderAsync(stoppingToken);
        var (redrive, due, bytes) = (Guid.Empty, new List<RedrivenMessage>(), 0);
        while (bytes < BatchBytes && await row.ReadAsync(stoppingToken))
        {
            due.Add(new RedrivenMessage(
                row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetFieldValue<byte[]>(5)));
            redrive = row.GetGuid(6);
            bytes += due[^1].Body.Length;
        }

        return (redrive, due);
    }

    /// <summary>
    /// The time until the next message is due, at most the interval after which the schedules of other instances are seen.
    /// </summary>
    private async Task<TimeSpan> Pause(CancellationToken stoppingToken)
    {
        await using var command = source.CreateCommand(SelectNext);
        var next = await command.ExecuteScalarAsync(stoppingToken) is double seconds && seconds < options.RedriveInterval.TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : options.RedriveInterval;
        // Not zero: a due message may be locked by another instance.
        return next > ShortestPause ? next : ShortestPause;
    }

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);

    [LoggerMessage(LogLevel.Warning, "Redrive interrupted ({Reason}); retrying")]
    private static partial void Interrupted(ILogger logger, string reason);
}

/// <summary>A dead letter that is being redriven.</summary>
internal sealed record RedrivenMessage(Guid Id, string Queue, string Kind, string Properties, string Headers, byte[] Body);
