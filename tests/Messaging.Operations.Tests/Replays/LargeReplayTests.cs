using Npgsql;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

public sealed class LargeReplayTests : SampleServiceTest
{
    private const int Accounts = 250_000;
    private const int EventsPerAccount = 4;
    private const int Events = Accounts * EventsPerAccount;

    // Ids as UUIDv7 has them, in the order of the positions; each account's events among those of others.
    private const string InsertPast =
        """
        INSERT INTO messaging.event_log (event_id, stream, sequence, type, data, correlation_id, occurred_at)
        SELECT (lpad(to_hex((extract(epoch FROM happened) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0')
                   || '8' || lpad(to_hex(n), 15, '0'))::uuid,
               account, sequence, 'OrderPlatform.Messaging.Testing:' || CASE sequence WHEN 1 THEN 'Opened' ELSE 'Deposited' END,
               CASE sequence
                   WHEN 1 THEN format('{"accountId":"%s"}', account)
                   ELSE format('{"accountId":"%s","amount":%s}', account, sequence - 1)
               END::json,
               account::uuid, happened
        FROM (
            SELECT n, n / ($1 / 10) % $2 + 1 AS sequence,
                   lpad(to_hex(n % ($1 / 10) + n / ($1 / 10 * $2) * ($1 / 10)), 32, '0')::uuid::text AS account,
                   now() - ($1 * $2 - n) * interval '1 millisecond' AS happened
            FROM generate_series(0, $1 * $2 - 1) AS n) AS past
        ORDER BY n
        """;

    [LongFact]
    public async Task A_fresh_consumer_receives_a_million_events_each_account_in_order()
    {
        await Stop(await Service().Start());
        await using (var insert = Database.Source.CreateCommand(InsertPast))
        {
            insert.CommandTimeout = 0;
            insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Accounts });
            insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = EventsPerAccount });
            Assert.Equal(Events, await insert.ExecuteNonQueryAsync(Cancellation));
        }

        // The relay has published them before the consumer came.
        await Database.Scalar<long>(
            "UPDATE messaging.relay_cursor SET position = (SELECT max(position) FROM messaging.event_log) RETURNING position");
        var service = await Service()
            .WithHttp()
            .WithHandlers(messaging => messaging
                .Handles<Opened, CountOpening>(RecordedInOrder.Queue)
                .Handles<Deposited, CountDeposit>(RecordedInOrder.Queue))
            .With("Messaging:BatchSize", "500")
            .With("Messaging:Prefetch", "2000")
            .Start();
        await IsConsumed(RecordedInOrder.Queue);
        var watch = System.Diagnostics.Stopwatch.StartNew();

        var job = await service.StartJob("/ops/replays", new { queue = RecordedInOrder.Queue });
        await Eventually.Reaches(() => RecordedInOrder.Events, Events);
        var replay = await service.JobBecomes(job, "completed");

        TestContext.Current.TestOutputHelper?.WriteLine($"{Events} events in {watch.Elapsed.TotalSeconds:0} s");
        Assert.Equal(Events, replay.GetProperty("sent").GetInt64());
        Assert.Equal(Accounts, RecordedInOrder.Accounts);
        Assert.Equal(0, RecordedInOrder.OutOfOrder);
        Assert.Equal(Events, await Database.Scalar<long>($"SELECT count(*) FROM messaging.inbox WHERE queue = '{RecordedInOrder.Queue}'"));
    }
}

/// <summary>Costs as little as a handler can.</summary>
internal static class RecordedInOrder
{
    public const string Queue = "ledger_count";

    private static readonly Dictionary<Guid, int> Last = [];
    private static int events;
    private static int outOfOrder;

    public static int Accounts => Last.Count;

    public static int Events => events;

    public static int OutOfOrder => outOfOrder;

    /// <summary>A handler may run again, so the same event again is neither counted nor out of order.</summary>
    public static Outcome Record(UnitOfWork unit)
    {
        var (account, sequence) = (unit.Incoming!.CorrelationId, unit.Incoming.Sequence);
        var last = Last.GetValueOrDefault(account);
        if (sequence == last + 1)
            events++;
        else if (sequence != last)
            outOfOrder++;
        Last[account] = sequence;
        return Outcome.Handled;
    }
}

internal sealed class CountOpening(UnitOfWork unit) : IHandler<Opened>
{
    public Outcome Handle(Opened opened) => RecordedInOrder.Record(unit);
}

internal sealed class CountDeposit(UnitOfWork unit) : IHandler<Deposited>
{
    public Outcome Handle(Deposited deposited) => RecordedInOrder.Record(unit);
}
