using System.Net;
using System.Text.Json;
using Npgsql;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>A replay whose process, broker, database or events are lost while it runs.</summary>
public sealed class ReplayOutageTests : ReplayTest
{
    /// <summary>The process ends when the broker has confirmed a batch and the row does not record it yet.</summary>
    [Fact]
    public async Task A_crash_between_the_confirm_and_the_row_repeats_the_batch_and_loses_no_event()
    {
        await Past(25);
        var service = await Service().WithHandlers(SecondConsumer.AddTo).With("Messaging:Replays:BatchSize", "40").Start();
        await IsConsumed(SecondConsumer.Queue);
        string job;
        await using (var connection = await Database.Source.OpenConnectionAsync(Cancellation))
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            job = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, perSecond = 20 });
            await using var hold = new NpgsqlCommand("SELECT id FROM messaging.replays FOR UPDATE", connection);
            await hold.ExecuteNonQueryAsync(Cancellation);
            await Eventually.Is(async () => await Database.Scalar<long>(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%messaging.replays%'
                """) == 1);

            await Database.EndConnections("query NOT LIKE '%FOR UPDATE%'");
            await Stop(service);
        }

        var sent = Number(await StartAndRead(job), "sent");
        var restarted = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        await restarted.JobBecomes(job, "completed");

        Assert.InRange(sent, 0, 99);
        await Consumed(restarted, 25, "opened 1 2 3");
        Assert.Equal(0, await Deferred());

        async Task<JsonElement> StartAndRead(string address)
        {
            var other = await Service().With("Messaging:JobPollInterval", "01:00:00").Start();
            var read = await other.Job(address);
            await Stop(other);
            return read;
        }
    }

    [Fact]
    public async Task Continues_after_an_outage_of_the_broker_and_one_of_the_database()
    {
        await Past(50);
        var service = await Service().WithHandlers(SecondConsumer.AddTo).With("Messaging:Replays:BatchSize", "10").Start();
        var job = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, perSecond = 100 });

        await Eventually.Is(async () => Number(await service.Job(job), "sent") >= 30);
        await Broker.CloseConnections();
        await Eventually.Is(async () => Number(await service.Job(job), "sent") >= 90);
        await using (await Database.Unreachable())
            await Eventually.Is(
                async () => (await service.Http.GetAsync(job, Cancellation)).StatusCode == HttpStatusCode.ServiceUnavailable);
        await service.JobBecomes(job, "completed");

        await Consumed(service, 50, "opened 1 2 3");
    }

    [Fact]
    public async Task One_of_two_instances_sends_and_the_other_takes_over()
    {
        await Past(40);
        var first = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        var second = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        var job = await first.StartJob(Replays, new { queue = SecondConsumer.Queue, perSecond = 20 });
        await Eventually.Is(async () => await Database.Scalar<long>(
            """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended('orderplatform replays', 0)
            """) == 1);
        await Eventually.Is(async () => Number(await second.Job(job), "sent") >= 20);

        await Stop(first);
        var replay = await second.JobBecomes(job, "completed");

        await Consumed(second, 40, "opened 1 2 3");
        Assert.InRange(Number(replay, "sent"), 160, 168);
    }

    [Fact]
    public async Task Fails_and_says_how_many_events_have_left_the_log()
    {
        await Past(30);
        var service = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        await IsConsumed(SecondConsumer.Queue);
        var job = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, perSecond = 1 });
        await Eventually.Is(async () => Number(await service.Job(job), "sent") > 0);
        await Change(service, job, "pause");
        var sent = Number(await SettledAt(service, job), "sent");

        await using (var retention = Database.Source.CreateCommand("DELETE FROM messaging.event_log"))
            await retention.ExecuteNonQueryAsync(Cancellation);
        await Change(service, job, "resume");

        await Eventually.Is(async () => (await service.Job(job)).GetProperty("state").GetString() == "failed");
        Assert.Contains(
            $"{120 - sent} events left the log", (await service.Job(job)).GetProperty("error").GetString(), StringComparison.Ordinal);
    }
}
