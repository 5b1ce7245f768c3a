using System.Globalization;
using System.Text;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Relay;

public sealed class RelayTests : SampleServiceTest
{
    private const string Exchange = "OrderPlatform.Messaging.Testing:Deposited";
    private const string Watched = "watched";

    [Fact]
    public async Task A_transaction_that_commits_late_is_published_and_not_skipped()
    {
        var service = await Service().Start();
        await Watch();
        await using var late = await BeginDeposit("late", 1);
        await service.Deposit(Guid.CreateVersion7(), 2);
        await Eventually.Is(async () => await Ready(Watched) == 1);

        await late.Commit();

        Assert.Equal(["2", "1"], await TakeAmounts(2));
    }

    [Fact]
    public async Task Only_the_configured_events_are_published_as_envelopes()
    {
        var service = await Service().With("Messaging:Envelopes:0", nameof(Opened)).Start();
        await Watch();
        await Bind("opened", "OrderPlatform.Messaging.Testing:Opened");
        var account = Guid.CreateVersion7();

        await service.Open(account);
        await service.Deposit(account, 1);

        await Eventually.Is(async () => await Ready("opened") == 1 && await Ready(Watched) == 1);
        Assert.Equal("application/vnd.masstransit+json", (await Take("opened"))!.BasicProperties.ContentType);
        Assert.Equal("application/json", (await Take(Watched))!.BasicProperties.ContentType);
        await Eventually.Is(async () => await service.Tally(account) is { Total: 1 });
    }

    [Fact]
    public async Task Several_late_transactions_are_published_as_they_commit()
    {
        var service = await Service().Start();
        await Watch();
        await using var first = await BeginDeposit("first", 1);
        await using var second = await BeginDeposit("second", 2);
        await using var third = await BeginDeposit("third", 3);
        await service.Deposit(Guid.CreateVersion7(), 4);
        await Eventually.Is(async () => await Ready(Watched) == 1);

        await second.Commit();
        await Eventually.Is(async () => await Ready(Watched) == 2);
        await third.Rollback();
        await first.Commit();

        Assert.Equal(["4", "2", "1"], await TakeAmounts(3));
        await Eventually.Is(async () => await CursorGaps() == 0);
    }

    [Fact]
    public async Task A_gap_outlives_the_relay_that_found_it()
    {
        var service = await Service().Start();
        await Watch();
        await using var late = await BeginDeposit("late", 1);
        await service.Deposit(Guid.CreateVersion7(), 2);
        await Eventually.Is(async () => await CursorGaps() == 1);
        await Stop(service);

        await Service().Start();
        await late.Commit();

        Assert.Equal(["2", "1"], await TakeAmounts(2));
    }

    [Fact]
    public async Task A_long_transaction_elsewhere_stops_nothing_and_a_rolled_back_position_is_forgotten()
    {
        await using var elsewhere = await Database.Begin("CREATE TABLE elsewhere (id int); INSERT INTO elsewhere VALUES (1)");
        var service = await Service().Start();
        await Watch();
        await using (var abandoned = await BeginDeposit("abandoned", 1))
        {
            await service.Deposit(Guid.CreateVersion7(), 2);
            await Eventually.Is(async () => await CursorGaps() == 1);
            await abandoned.Rollback();
        }

        await service.Deposit(Guid.CreateVersion7(), 3);

        Assert.Equal(["2", "3"], await TakeAmounts(2));
        await Eventually.Is(async () => await CursorGaps() == 0);
    }

    [Fact]
    public async Task After_an_outage_of_the_broker_the_backlog_drains_in_order()
    {
        var away = await Service().WithBroker(TestBroker.Nowhere).Start();
        var account = Guid.CreateVersion7();
        for (var amount = 1; amount <= 50; amount++)
            await away.Deposit(account, amount);
        await Stop(away);
        await Watch();

        await Service().Start();

        Assert.Equal(Enumerable.Range(1, 50).Select(amount => $"{amount}"), await TakeAmounts(50));
    }

    [Fact]
    public async Task An_event_that_no_queue_is_bound_for_waits_until_one_is()
    {
        var service = await Service().Start();
        await Eventually.Is(() => service.Relay.IsActive);
        // The service binds its queue before it consumes, so it will not bind it again after the unbinding below.
        await IsConsumed("ledger");
        await OnChannel(async channel =>
        {
            await channel.ExchangeUnbindAsync("ledger", Exchange, "", cancellationToken: Cancellation);
            return true;
        });

        await service.Deposit(Guid.CreateVersion7(), 1);
        await Eventually.Is(() => !service.Relay.IsActive);
        await Watch();

        Assert.Equal(["1"], await TakeAmounts(1));
    }

    [Fact]
    public async Task Of_three_relays_one_is_active_and_another_takes_over_when_it_loses_its_connection()
    {
        await Watch();
        var services = new SampleHost[3];
        for (var i = 0; i < services.Length; i++)
            services[i] = await Service().Start();
        using var stop = new CancellationTokenSource();
        var mostActive = 0;
        var watch = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    // One that was active before the others were looked at, and still is, was so at the same time as they.
                    var active = services.Where(service => service.Relay.IsActive).ToArray();
                    mostActive = Math.Max(mostActive, active.Count(service => service.Relay.IsActive));
                    await Task.Delay(1);
                }
            },
            Cancellation);
        const int TakeOvers = 8;
        var account = Guid.CreateVersion7();

        for (var round = 0; round < TakeOvers; round++)
        {
            await Eventually.Is(() => services.Count(service => service.Relay.IsActive) == 1);
            for (var amount = 0; amount < 20; amount++)
                await services[round % 3].Deposit(account, (round * 20) + amount);
            await EndConnectionOfActiveRelay();
        }

        await Eventually.Is(async () => await Database.Scalar<long>("SELECT position FROM messaging.relay_cursor") >= 20 * TakeOvers);
        await stop.CancelAsync();
        await watch;

        Assert.Equal(1, mostActive);
        var amounts = (await TakeAmounts(20 * TakeOvers)).Select(amount => int.Parse(amount, CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(Enumerable.Range(0, 20 * TakeOvers), amounts.Distinct().Order());

        // A relay begins again at the cursor, so the order may step back once for each take-over. Two that publish side by side would step
        // back more often.
        Assert.InRange(amounts.Zip(amounts.Skip(1)).Count(pair => pair.Second < pair.First), 0, TakeOvers);
    }

    [Fact]
    public async Task A_relay_does_not_publish_while_another_connection_holds_the_fence()
    {
        var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        await channel.QueueDeclareAsync("ledger_relay", durable: false, exclusive: true, autoDelete: true, cancellationToken: Cancellation);
        var service = await Service().Start();
        await Watch();
        await service.Deposit(Guid.CreateVersion7(), 1);

        await Eventually.Is(async () =>
            (await service.Relay.CheckHealthAsync(new())).Description?.Contains("another relay", StringComparison.Ordinal) == true);
        Assert.False(service.Relay.IsActive);
        Assert.Equal(0u, await Ready(Watched));

        await connection.DisposeAsync();
        Assert.Equal(["1"], await TakeAmounts(1));
    }

    /// <summary>Binds a queue that only the test reads.</summary>
    private Task Watch() => Bind(Watched, Exchange);

    /// <summary>Waits for at least so many deposits, and takes all amounts in the order of the queue.</summary>
    private async Task<IReadOnlyList<string>> TakeAmounts(int count)
    {
        await Eventually.Is(async () => await Ready(Watched) >= count);
        var amounts = new List<string>();
        while (await Take(Watched) is { } message)
        {
            var deposit = System.Text.Json.JsonDocument.Parse(Encoding.UTF8.GetString(message.Body.Span));
            amounts.Add(deposit.RootElement.GetProperty("amount").ToString());
        }

        return amounts;
    }

    /// <summary>Writes an event, in a transaction that stays open.</summary>
    private Task<TestTransaction> BeginDeposit(string stream, int amount) => Database.Begin(
        $$"""
        INSERT INTO messaging.event_log (event_id, stream, sequence, type, data, correlation_id, occurred_at)
        VALUES (
            gen_random_uuid(), '{{stream}}', 1, '{{Exchange}}', '{"accountId":"{{Guid.CreateVersion7()}}","amount":{{amount}}}',
            gen_random_uuid(), now())
        """);

    private Task<int> CursorGaps() => Database.Scalar<int>("SELECT cardinality(gaps) FROM messaging.relay_cursor");

    private async Task EndConnectionOfActiveRelay()
    {
        // The old one may not have noticed yet, and the new one not have taken over: then there is nothing to end.
        await Eventually.Is(async () => await Database.Scalar<long>(
            """
            SELECT count(pg_terminate_backend(pid))
            FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 1 AND granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND (classid::bigint << 32 | objid::bigint) = hashtextextended('orderplatform relay', 0)
            """) == 1);
    }
}
