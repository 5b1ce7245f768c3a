using System.Diagnostics;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Sampling;

/// <summary>The metrics that are read from the database at intervals.</summary>
public sealed class BacklogMetricsTests : SampleServiceTest
{
    [Fact]
    public async Task Deferred_events_are_seen_with_their_age_until_their_predecessor_comes()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var watch = Stopwatch.StartNew();
        await service.Queue.Handle(Incoming(account, 2, new Deposited(account, 1)));
        await service.Queue.Handle(Incoming(account, 3, new Deposited(account, 1)));
        await Database.Execute(
            "UPDATE messaging.deferred_events SET deferred_at = deferred_at - interval '1 hour' WHERE sequence = 2");

        await Scrape.Becomes(service.Services, """messaging_deferred_events{queue="ledger"}""", 2);
        await IsOneHourOld(service, """messaging_deferred_oldest_age_seconds{queue="ledger"}""", watch);

        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));

        await Scrape.Becomes(service.Services, """messaging_deferred_events{queue="ledger"}""", 0);
        await Scrape.Becomes(service.Services, """messaging_deferred_oldest_age_seconds{queue="ledger"}""", 0);
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(2, scrape["""messaging_deferred_total{queue="ledger",event="Deposited"}"""]);
        Assert.Equal(2, scrape["""messaging_handled_total{queue="ledger",event="Deposited"}"""]);
    }

    [Fact]
    public async Task Unpublished_events_are_seen_to_wait_and_to_grow_old()
    {
        var service = await Service().WithBroker(TestBroker.Nowhere).Start();
        var account = Guid.CreateVersion7();
        var watch = Stopwatch.StartNew();
        await service.Open(account);
        await service.Deposit(account, 1);
        await service.Append(account, new Audited(account));
        await Database.Execute(
            "UPDATE messaging.event_log SET occurred_at = occurred_at - interval '1 hour' WHERE sequence = 1");

        await Scrape.Becomes(service.Services, "messaging_outbox_pending_events", 2);

        await IsOneHourOld(service, "messaging_outbox_oldest_age_seconds", watch);
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(0, scrape["messaging_broker_up"]);
        Assert.Equal(0, scrape["messaging_relay_active"]);
        Assert.Equal(1, scrape["messaging_database_up"]);
        Assert.Equal(0, scrape["""messaging_relay_published_total{event="Opened"}"""]);
    }

    [Fact]
    public async Task A_long_outbox_is_estimated_and_gaps_count()
    {
        await Stop(await Service().Start());
        await Database.Scalar<long>(
            """
            WITH logged AS (
                INSERT INTO messaging.event_log (event_id, stream, sequence, type, data, correlation_id, occurred_at)
                SELECT gen_random_uuid(), 'long', n, 'OrderPlatform.Messaging.Testing:' || CASE n % 2 WHEN 0 THEN 'Opened' ELSE 'Audited' END,
                       '{}', gen_random_uuid(), now()
                FROM generate_series(1, 60000) AS n
                RETURNING 1)
            SELECT count(*) FROM logged
            """);
        var service = await Service().WithBroker(TestBroker.Nowhere).Start();

        await Eventually.Is(async () => (await Scrape.Of(service.Services))["messaging_outbox_pending_events"] is > 29_900 and < 30_100);

        await Database.Scalar<long>("UPDATE messaging.relay_cursor SET position = 60000, gaps = '{7, 8, 10}' RETURNING position");
        await Scrape.Becomes(service.Services, "messaging_outbox_pending_events", 2);
    }

    [Fact]
    public async Task An_unavailable_database_is_reported_and_its_gauges_have_no_value()
    {
        var service = await Service().Start();
        await Scrape.Becomes(service.Services, "messaging_outbox_pending_events", 0);

        await using (await Database.Unreachable())
        {
            await Scrape.Becomes(service.Services, "messaging_database_up", 0);
            var scrape = await Scrape.Of(service.Services);
            Assert.Equal(double.NaN, scrape["messaging_outbox_pending_events"]);
            Assert.Equal(double.NaN, scrape["messaging_outbox_oldest_age_seconds"]);
            Assert.Equal(double.NaN, scrape["""messaging_deferred_oldest_age_seconds{queue="ledger"}"""]);
            Assert.Equal(0, scrape["""messaging_handled_total{queue="ledger",event="Opened"}"""]);
        }

        await Scrape.Becomes(service.Services, "messaging_database_up", 1);
        await Scrape.Becomes(service.Services, "messaging_outbox_pending_events", 0);
    }

    /// <summary>Waits until an age is an hour, and what has passed since.</summary>
    private static Task IsOneHourOld(SampleHost service, string metric, Stopwatch watch) => Eventually.Is(
        async () => (await Scrape.Of(service.Services))[metric] is >= 3600 and var age && age <= 3600 + watch.Elapsed.TotalSeconds,
        $"{metric} is an hour");
}
