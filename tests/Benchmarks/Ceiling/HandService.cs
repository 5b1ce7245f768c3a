using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Npgsql;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>
/// A service by hand. One loop takes all requests and messages that have arrived, commits one transaction for them, and only
/// then answers, acknowledges and publishes. After a crash before the commit, the queue delivers the messages again; events
/// that were committed but not published are published from the log.
/// </summary>
internal abstract class HandService(string name)
{
    private const int BatchSize = 500;

    private const string InsertLog =
        """
        WITH written AS (
            INSERT INTO messaging.event_log
                (event_id, stream, sequence, type, data, correlation_id, causation_id, trace_parent, occurred_at)
            SELECT event_id, order_id::text, sequence, type, data::json, order_id, causation_id, trace_parent, occurred_at
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
                AS e (event_id, order_id, sequence, type, data, causation_id, trace_parent, occurred_at)
            RETURNING position)
        SELECT max(position) FROM written
        """;

    private const string MoveCursor = "UPDATE messaging.relay_cursor SET position = $1 WHERE id = 1";

    private static readonly object Tick = new();

    private readonly Channel<object> arrivals = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
    private long cursor;

    /// <summary>Serves until the process is stopped.</summary>
    public async Task Run(Settings settings)
    {
        await using var connection = new NpgsqlConnection(settings.Database);
        await connection.OpenAsync();
        var broker = await HandBroker.Connect(settings.Broker, name);
        await Recover(connection, broker);
        _ = Task.Run(() => MoveCursorWhenIdle(broker));
        await broker.Consume(name, Arrive);
        HandHttp.Listen(settings.Url, Post);

        var batch = new List<object>(BatchSize);
        while (await arrivals.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < BatchSize && arrivals.Reader.TryRead(out var arrived))
                batch.Add(arrived);
            await Commit(connection, broker, batch);
        }
    }

    /// <summary>What a POST does; null where there is none.</summary>
    protected virtual Func<ReadOnlyMemory<byte>, Task<string>>? Post => null;

    /// <summary>Statements whose results <see cref="Decide"/> needs: the inbox, and the rows that are to be changed.</summary>
    protected abstract void Read(Batch batch, NpgsqlBatch reads);

    /// <summary>Decides, and adds what is to be written.</summary>
    protected abstract Task Decide(Batch batch, NpgsqlDataReader? results, NpgsqlBatch writes, List<LogRow> log);

    protected void Arrive(object arrived) => arrivals.Writer.TryWrite(arrived);

    private async Task Commit(NpgsqlConnection connection, HandBroker broker, List<object> arrived)
    {
        var batch = new Batch([.. arrived.OfType<Message>().DistinctBy(message => message.EventId)], [.. arrived.OfType<NewOrder>()]);
        var log = new List<LogRow>(arrived.Count);
        long position = 0;
        await using (var reads = new NpgsqlBatch(connection))
        await using (var writes = new NpgsqlBatch(connection))
        {
            reads.Add("BEGIN");
            Read(batch, reads);
            if (reads.BatchCommands.Count > 1)
            {
                await using var results = await reads.ExecuteReaderAsync();
                await Decide(batch, results, writes, log);
            }
            else
            {
                writes.Add("BEGIN");
                await Decide(batch, results: null, writes, log);
            }

            if (log.Count > 0)
                AddLog(writes, log);
            if (broker.ConfirmedPosition is var confirmed && confirmed > cursor)
                writes.Add(MoveCursor, Sql.Value(cursor = confirmed));
            writes.Add("COMMIT");
            await using var written = await writes.ExecuteReaderAsync();
            if (log.Count > 0)
            {
                await written.ReadAsync();
                position = written.GetInt64(0);
            }
        }

        foreach (var order in batch.Orders)
            order.Done.SetResult();
        if (arrived.OfType<Message>().LastOrDefault() is { } last)
            await broker.AcknowledgeUpTo(last.Tag);
        if (log.Count > 0)
            await broker.Publish(log, position);
    }

    private static void AddLog(NpgsqlBatch batch, List<LogRow> log) => batch.Add(
        InsertLog,
        Sql.Column(log, row => row.EventId),
        Sql.Column(log, row => row.OrderId),
        Sql.Column(log, row => row.Sequence),
        Sql.Column(log, row => row.Type),
        Sql.Column(log, row => row.Data),
        Sql.Column(log, row => row.Cause),
        Sql.Column(log, row => row.TraceParent),
        Sql.Column(log, row => row.At));

    /// <summary>Publishes what was committed and not confirmed when the process ended.</summary>
    private async Task Recover(NpgsqlConnection connection, HandBroker broker)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT position, event_id, correlation_id, sequence, type, data, occurred_at,
                   (SELECT position FROM messaging.relay_cursor) AS cursor
            FROM messaging.event_log
            WHERE position > (SELECT position FROM messaging.relay_cursor)
            ORDER BY event_log.position
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var row = new LogRow(
                reader.GetGuid(1),
                reader.GetGuid(2),
                reader.GetInt32(3),
                reader.GetString(4),
                reader.GetString(5),
                null,
                reader.GetFieldValue<DateTimeOffset>(6));
            cursor = reader.GetInt64(7);
            await broker.Publish([row], reader.GetInt64(0));
        }
    }

    private async Task MoveCursorWhenIdle(HandBroker broker)
    {
        while (true)
        {
            await Task.Delay(200);
            if (broker.ConfirmedPosition > cursor)
                Arrive(Tick);
        }
    }
}

/// <summary>What one transaction does.</summary>
internal sealed record Batch(List<Message> Messages, List<NewOrder> Orders);

/// <summary>An order that was posted but not answered yet.</summary>
internal sealed record NewOrder(Guid Id, string Customer, string Lines, string Address, DateTimeOffset At)
{
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A row of the event log, the outbox.</summary>
internal sealed record LogRow(Guid EventId, Guid OrderId, int Sequence, string Type, string Data, Guid? Cause, DateTimeOffset At)
{
    public ReadOnlyMemory<byte> Body => Encoding.UTF8.GetBytes(Data);

    /// <summary>As wide as the real one.</summary>
    public string TraceParent => $"00-{OrderId:N}-0000000000000001-00";

    public static LogRow Of(Guid orderId, int sequence, string type, string data, Guid? cause, DateTimeOffset at) =>
        new(Guid.CreateVersion7(at), orderId, sequence, type, data, cause, at);
}

/// <summary>The wire addresses, which are the names of the exchanges.</summary>
internal static class EventNames
{
    public const string OrderPlaced = "OrderPlatform.Contracts.Orders:OrderPlaced";
    public const string OrderConfirmed = "OrderPlatform.Contracts.Orders:OrderConfirmed";
    public const string OrderShipped = "OrderPlatform.Orders.Domain:OrderShipped";
    public const string StockReserved = "OrderPlatform.Contracts.Inventory:StockReserved";
    public const string ShipmentDispatched = "OrderPlatform.Contracts.Shipping:ShipmentDispatched";

    public static string Iso(this DateTimeOffset at) => at.ToString("O", CultureInfo.InvariantCulture);
}

/// <summary>The connections of a service, from the settings that the real services read.</summary>
internal sealed record Settings(string Database, Uri Broker, Uri Url)
{
    public static Settings FromEnvironment() => new(
        Variable("ConnectionStrings__Database")
            // A plan made while a table was empty must not scan it forever.
            + ";Max Auto Prepare=50;Auto Prepare Min Usages=1;Options=-c enable_seqscan=off -c jit=off",
        new Uri(Variable("ConnectionStrings__Broker")),
        new Uri(Variable("ASPNETCORE_URLS")));

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set.");
}
