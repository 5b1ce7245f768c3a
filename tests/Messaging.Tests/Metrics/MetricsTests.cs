using System.Diagnostics;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Tests.Metrics;

public sealed class MetricsTests : SampleServiceTest
{
    /// <summary>The labels that a service knows before anything has happened in it.</summary>
    private static readonly string[] Queues = ["ledger"];
    private static readonly string[] Events = ["Closed", "Deposited", "Opened"];

    [Fact]
    public async Task Every_series_is_there_at_0_before_anything_happens()
    {
        var service = await Service().Start();
        await Scrape.Becomes(service.Services, "messaging_outbox_pending_events", 0);
        await Scrape.Becomes(service.Services, """messaging_default_partition_rows{table="inbox"}""", 0);

        var scrape = await Scrape.Of(service.Services);

        string[] ofQueues = ["inbox_duplicates_total", "deferred_events", "deferred_oldest_age_seconds", "batch_size_count"];
        Assert.All(ofQueues, metric => Assert.Equal(0, scrape[$$"""messaging_{{metric}}{queue="ledger"}"""]));
        Assert.Equal(0, scrape["""messaging_batch_size_count{queue="requests"}"""]);
        Assert.Equal(0, scrape["messaging_archived_events_total"]);
        Assert.Equal(0, scrape["""messaging_dropped_partitions_total{table="event_log"}"""]);
        Assert.Equal(0, scrape["messaging_outbox_oldest_age_seconds"]);
        Assert.Equal(0, scrape["""messaging_dead_letters_total{queue="ledger",event="unknown"}"""]);
        string[] ofEvents =
        [
            "handled_total", "handler_failures_total", "retries_total", "deferred_total", "dead_letters_total",
            "delivery_delay_seconds_count",
        ];
        foreach (var @event in Events)
        {
            Assert.All(ofEvents, metric => Assert.Equal(0, scrape[$$"""messaging_{{metric}}{queue="ledger",event="{{@event}}"}"""]));
            Assert.Equal(0, scrape[$$"""messaging_relay_published_total{event="{{@event}}"}"""]);
        }
    }

    [Fact]
    public async Task An_event_is_seen_at_every_hop()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var watch = Stopwatch.StartNew();
        await service.Open(account);
        await service.Append(account, new Audited(account));

        await Handled(service, "Opened", 1);

        await Scrape.Becomes(service.Services, """messaging_relay_published_total{event="Opened"}""", 1);
        await Scrape.Becomes(service.Services, "messaging_outbox_pending_events", 0);
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(1, scrape["""messaging_delivery_delay_seconds_count{queue="ledger",event="Opened"}"""]);
        Assert.InRange(
            scrape["""messaging_delivery_delay_seconds_sum{queue="ledger",event="Opened"}"""]!.Value, 0.0001, watch.Elapsed.TotalSeconds);
        Assert.Equal(1, scrape["""messaging_batch_size_count{queue="ledger"}"""]);
        Assert.Equal(2, scrape["""messaging_batch_size_count{queue="requests"}"""]);
        Assert.Equal(1, scrape["messaging_relay_active"]);
        Assert.Equal(1, scrape["messaging_database_up"]);
        Assert.Equal(1, scrape["messaging_broker_up"]);
        Assert.Equal(0, scrape["""messaging_inbox_duplicates_total{queue="ledger"}"""]);
    }

    [Fact]
    public async Task Duplicates_are_counted_and_not_as_handled()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var opened = Incoming(account, 1, new Opened(account));

        await service.Queue.Handle(opened);
        await service.Queue.Handle(opened);
        await service.Queue.Handle(opened);

        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(2, scrape["""messaging_inbox_duplicates_total{queue="ledger"}"""]);
        Assert.Equal(1, scrape["""messaging_handled_total{queue="ledger",event="Opened"}"""]);
    }

    [Fact]
    public async Task A_message_that_keeps_failing_is_seen_as_failures_retries_and_one_dead_letter()
    {
        var service = await Service().With("Messaging:Retries", "2").Start();
        var (poisoned, healthy) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Poison.Add(poisoned);

        await service.Open(poisoned);
        await service.Open(healthy);

        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="Opened"}""", 1);
        await DeadLettersBecome(1);
        await Handled(service, "Opened", 1);
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(3, scrape["""messaging_handler_failures_total{queue="ledger",event="Opened"}"""]);
        Assert.Equal(2, scrape["""messaging_retries_total{queue="ledger",event="Opened"}"""]);
        Assert.Equal(0, scrape["""messaging_dead_letters_total{queue="ledger",event="Deposited"}"""]);
    }

    [Fact]
    public async Task A_deferred_event_that_keeps_failing_is_a_dead_letter_like_any_other()
    {
        var service = await Service().With("Messaging:Retries", "0").Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 2, new Deposited(account, Poison.Amount)));
        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));

        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="Deposited"}""", 1);
        await DeadLettersBecome(1);
        Assert.True((await Scrape.Of(service.Services))["""messaging_handler_failures_total{queue="ledger",event="Deposited"}"""] >= 1);
    }

    [Fact]
    public async Task An_unreadable_message_is_counted_as_unknown_whatever_type_it_names()
    {
        var service = await Service().Start();
        await Send(
            Message(Guid.CreateVersion7(), 1, new Audited(Guid.CreateVersion7())),
            ("none", new BasicProperties { MessageId = "none", ContentType = "application/json" }, [.. "{"u8]));

        await DeadLettersBecome(2);
        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="unknown"}""", 2);
    }

    [Fact]
    public async Task One_instance_at_a_time_reports_that_it_is_the_relay()
    {
        var first = await Service().Start();
        var second = await Service().Start();
        await Eventually.Is(async () => await Active(first) + await Active(second) == 1);
        var (active, standby) = await Active(first) == 1 ? (first, second) : (second, first);

        await Stop(active);

        await Eventually.Is(async () => await Active(standby) == 1);

        static async Task<double> Active(SampleHost host) => (await Scrape.Of(host.Services))["messaging_relay_active"] ?? 0;
    }

    [Fact]
    public async Task Labels_are_queues_events_and_tables_and_nothing_else()
    {
        var service = await Service().With("Messaging:Retries", "0").Start();
        for (var i = 0; i < 20; i++)
        {
            var account = Guid.CreateVersion7();
            await service.Open(account);
            await service.Deposit(account, i == 3 ? Poison.Amount : 1);
        }

        await Handled(service, "Opened", 20);
        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="Deposited"}""", 1);
        var scrape = await Scrape.Of(service.Services);

        var known = new Dictionary<string, string[]>
        {
            ["queue"] = [.. Queues, "requests"],
            ["event"] = [.. Events, "unknown"],
            ["table"] = ["event_log", "inbox"],
            ["state"] = ["waiting", "scheduled", "redriven", "resolved", "discarded"],
            ["kind"] = ["operator", "automatic"],
        };
        foreach (var metric in scrape.Series.Select(series => series.Split('{')[0]).Distinct())
        {
            foreach (var (label, values) in scrape.Labels(metric).Where(label => label.Key != "le"))
            {
                Assert.Contains(label, known.Keys);
                Assert.Empty(values.Except(known[label]));
            }
        }
    }

    [Fact]
    public async Task An_observer_that_throws_fails_nothing()
    {
        var service = await Service().Start();
        service.RecordingObserver.Fails = true;

        await service.Open(Guid.CreateVersion7());

        await Handled(service, "Opened", 1);
    }

    [Fact]
    public async Task Observers_are_notified_once_of_each_committed_event()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var runs = 0;

        await service.Batcher.Run(
            rows => rows.Add<Account>(account),
            unit =>
            {
                var row = new Account { Id = account };
                unit.Append(row, new Opened(account));
                if (runs++ == 0)
                    throw new Npgsql.PostgresException("in the way", "ERROR", "ERROR", Npgsql.PostgresErrorCodes.SerializationFailure);
                unit.Add(row);
                unit.Apply(row, new Audited(account));
                return true;
            },
            Cancellation);

        Assert.Equal(2, runs);
        Assert.Equal([new Opened(account), new Audited(account)], service.RecordingObserver.Events);
    }

    private static Task Handled(SampleHost service, string @event, int count) =>
        Scrape.Becomes(service.Services, $$"""messaging_handled_total{queue="ledger",event="{{@event}}"}""", count);
}
