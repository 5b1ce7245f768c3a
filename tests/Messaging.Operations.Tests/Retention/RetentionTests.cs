using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Operations.Tests.Archives;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

public sealed class RetentionTests : RetentionTest
{
    [Fact]
    public async Task Ended_partitions_are_archived_with_every_column_and_dropped()
    {
        var service = await Service().Start();
        var account = await OpenAndClose(service);
        await service.Append(account, new Audited(account));
        await Database.Scalar<Guid>(
            """
            UPDATE messaging.event_log
            SET causation_id = gen_random_uuid(), trace_parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
            WHERE sequence = 2 RETURNING causation_id
            """);
        var (all, partition) = (await Log(), await OldestPartition());
        await LetItEnd(service);

        await Run(service);

        Assert.Equal(4, all.Count);
        Assert.Equal(Texts(all), Texts(await Archived()));
        Assert.Empty(await Log());
        Assert.NotEqual(partition, await OldestPartition());
        await AssertContiguous();
        var manifest = Assert.Single(await Archive.Manifests(Cancellation));
        Assert.Equal(
            (4, partition, all[0].Position, all[^1].Position),
            (manifest.Events, manifest.Partition, manifest.FirstPosition, manifest.LastPosition));
        await Scrape.Becomes(service.Services, "messaging_archived_events_total", 4);
        await Scrape.Becomes(service.Services, """messaging_dropped_partitions_total{table="event_log"}""", 2);
        var scrape = await Scrape.Of(service.Services);
        Assert.InRange(
            scrape["messaging_retention_last_success_timestamp_seconds"]!.Value - Clock.GetUtcNow().ToUnixTimeSeconds(), -60, 60);
    }

    [Fact]
    public async Task Everything_is_kept_forever_by_default()
    {
        var service = await Service().With("Messaging:Retention:LogDays", "").Start();
        await OpenAndClose(service);
        var all = await Log();
        await LetItEnd(service);
        Clock.Advance(TimeSpan.FromDays(10_000));

        await Run(service);

        Assert.Equal(Texts(all), Texts(await Log()));
        Assert.Equal(3, await Count("inbox"));
        await AssertContiguous();
    }

    [Fact]
    public async Task An_open_stream_keeps_its_events_and_they_are_archived_once_it_is_closed()
    {
        var service = await Service().Start();
        var (open, closed) = (Guid.CreateVersion7(), Guid.Empty);
        await service.Open(open);
        closed = await OpenAndClose(service);
        await service.Deposit(open, 7);
        await LetItEnd(service);

        await Run(service);

        Assert.Equal(["messaging.event_log_past"], await PartitionsOf(open));
        Assert.Empty(await PartitionsOf(closed));
        await service.Append(open, new Closed(open));
        await LetItEnd(service);
        await Run(service);

        Assert.Empty(await Log());
        var archived = await Archived();
        Assert.Equal(3, (await Archive.Manifests(Cancellation)).Count);
        Assert.Equal(archived.OrderBy(e => e.Position), archived);
        Assert.Equal([1, 2, 3], archived.Where(e => e.Event.Stream == open.ToString()).Select(e => e.Event.Sequence));
        Assert.Equal([1, 2, 3], archived.Where(e => e.Event.Stream == closed.ToString()).Select(e => e.Event.Sequence));
    }

    [Fact]
    public async Task Unpublished_events_are_not_dropped()
    {
        var silent = await Service().WithBroker(TestBroker.Nowhere).Start();
        await OpenAndClose(silent);
        var (all, partition) = (await Log(), await OldestPartition());
        Clock.Advance(TimeSpan.FromDays(21));

        var exception = await Assert.ThrowsAsync<RetentionException>(() => Run(silent));

        Assert.Contains("published", exception.Message, StringComparison.Ordinal);
        Assert.Equal(partition, await OldestPartition());
        Assert.Equal(Texts(all), Texts(await Log()));
        await Stop(silent);
        var service = await Service().Start();
        await LetItEnd(service);
        await Run(service);
        Assert.Equal(Texts(all), Texts(await Archived()));
    }

    [Fact]
    public async Task Nothing_is_dropped_while_an_event_of_that_time_may_still_be_committed()
    {
        var service = await Service().Start();
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using var late = await connection.BeginTransactionAsync(Cancellation);
        await using var insert = connection.CreateCommand();
        insert.CommandText =
            $$"""
              INSERT INTO messaging.event_log (event_id, stream, sequence, type, data, correlation_id, occurred_at)
              VALUES (
                  '{{Guid.CreateVersion7()}}', 'late', 1, 'OrderPlatform.Messaging.Testing:Audited', '{"accountId":"{{Guid.NewGuid()}}"}',
                  gen_random_uuid(), now())
              """;
        await insert.ExecuteNonQueryAsync(Cancellation);
        await OpenAndClose(service);
        await Eventually.Is(async () => await Database.Scalar<bool>("SELECT position > 1 AND gaps = '{1}' FROM messaging.relay_cursor"));
        Clock.Advance(TimeSpan.FromDays(21));

        await Assert.ThrowsAsync<RetentionException>(() => Run(service));

        await late.CommitAsync(Cancellation);
        await LetItEnd(service);
        var all = await Log();
        await Run(service);
        Assert.Equal(4, all.Count);
        Assert.Equal(Texts(all), Texts(await Archived()));
    }

    [Fact]
    public async Task An_event_that_comes_while_its_partition_is_archived_is_not_dropped()
    {
        var faulty = new FaultyArchive(Path.Combine(Directory.FullName, "ledger"));
        var service = await Service().WithService<IArchiveStore>(faulty).Start();
        var account = await OpenAndClose(service);
        await LetItEnd(service);
        faulty.Written = _ =>
        {
            InsertLate().GetAwaiter().GetResult();
            faulty.Written = _ => { };
        };

        var exception = await Assert.ThrowsAsync<RetentionException>(() => Run(service));

        Assert.Contains("more events arrived", exception.Message, StringComparison.Ordinal);
        await AssertArchivesFour(service);
    }

    [Fact]
    public async Task A_late_event_is_not_dropped_before_it_is_published()
    {
        var faulty = new FaultyArchive(Path.Combine(Directory.FullName, "ledger"));
        var service = await Service().WithService<IArchiveStore>(faulty).Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        faulty.Before = async (what, _) =>
        {
            faulty.Before = (_, _) => Task.CompletedTask;
            Assert.Equal("list", what);
            // After the first look at what is published, and before it is read; the relay cannot write down that it has published it.
            await connection.Execute("SELECT FROM messaging.relay_cursor FOR UPDATE", Cancellation);
            await InsertLate();
        };

        var exception = await Assert.ThrowsAsync<RetentionException>(() => Run(service));

        Assert.Contains("published", exception.Message, StringComparison.Ordinal);
        await transaction.RollbackAsync(Cancellation);
        await AssertArchivesFour(service);
    }

    [Fact]
    public async Task Between_two_partitions_that_are_archived_all_else_is_seen_to()
    {
        var faulty = new FaultyArchive(Path.Combine(Directory.FullName, "ledger"));
        var service = await Service().WithService<IArchiveStore>(faulty).Start();
        await OpenAndClose(service);
        var first = await OldestPartition();
        Clock.Advance(TimeSpan.FromDays(7));
        await OpenAndClose(service);
        await LetItEnd(service);
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        faulty.Before = (what, name) =>
        {
            if (what != "write" || !name.EndsWith(ArchiveFile.Suffix, StringComparison.Ordinal))
                return Task.CompletedTask;
            // The first takes three weeks.
            if (name.StartsWith(first, StringComparison.Ordinal))
                Clock.Advance(TimeSpan.FromDays(21));
            else
                reached.TrySetResult();
            return name.StartsWith(first, StringComparison.Ordinal) ? Task.CompletedTask : goOn.Task;
        };

        var run = Run(service);
        await await Task.WhenAny(run, reached.Task);

        Assert.True(await Database.Scalar<DateTime>("SELECT max(until) FROM messaging.partitions('event_log')")
            > Clock.GetUtcNow().AddDays(21).UtcDateTime);
        Assert.InRange(
            (await Scrape.Of(service.Services))["messaging_retention_last_success_timestamp_seconds"]!.Value
            - Clock.GetUtcNow().ToUnixTimeSeconds(),
            -60,
            60);
        goOn.SetResult();
        await run;
        Assert.Empty(await Log());
    }

    [Fact]
    public async Task A_run_that_gets_on_counts_as_success_unless_one_has_failed()
    {
        var registry = Prometheus.Metrics.NewCustomRegistry();
        var metrics = new RetentionMetrics(Prometheus.Metrics.WithCustomRegistry(registry), Clock);
        using var service = new ServiceCollection().AddSingleton(registry).BuildServiceProvider();

        metrics.Progressed();
        var progressed = await Stamped();
        Clock.Advance(TimeSpan.FromHours(7));
        metrics.Failed();
        metrics.Progressed();
        var failed = await Stamped();
        metrics.Succeeded();
        var succeeded = await Stamped();
        Clock.Advance(TimeSpan.FromHours(7));
        metrics.Progressed();

        Assert.Equal(progressed, failed);
        Assert.InRange(succeeded - failed, 7 * 3600, 7 * 3600 + 60);
        Assert.InRange((await Stamped()) - succeeded, 7 * 3600, 7 * 3600 + 60);

        async Task<double> Stamped() =>
            (await Scrape.Of(service))["messaging_retention_last_success_timestamp_seconds"]!.Value;
    }

    [Fact]
    public async Task While_one_instance_is_at_it_another_does_nothing()
    {
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var faulty = new FaultyArchive(Path.Combine(Directory.FullName, "ledger"));
        var first = await Service().WithService<IArchiveStore>(faulty).Start();
        var second = await Service().WithService<IArchiveStore>(faulty).Start();
        await OpenAndClose(first);
        var all = await Log();
        await Eventually.Is(() => first.Relay.IsActive || second.Relay.IsActive);
        await Task.WhenAll(first.Retention.FirstRun, second.Retention.FirstRun).WaitAsync(Eventually.Guard, Cancellation);
        await LetItEnd(first.Relay.IsActive ? first : second);
        faulty.Before = (_, _) =>
        {
            reached.TrySetResult();
            return goOn.Task;
        };
        var run = Run(first);
        await reached.Task.WaitAsync(Eventually.Guard, Cancellation);

        Assert.False(await first.Retention.RunOnce(Cancellation));
        Assert.False(await second.Retention.RunOnce(Cancellation));

        goOn.SetResult();
        await run;
        await AssertNothingLostOrDoubled(all);
        Assert.Empty(await Log());
    }

    [Fact]
    public async Task After_a_standstill_the_service_works_at_once_and_rows_move_to_their_partition()
    {
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT pg_advisory_lock(hashtextextended('orderplatform retention', 0))";
        await command.ExecuteNonQueryAsync(Cancellation);
        Clock.Advance(TimeSpan.FromDays(400));
        var service = await Service().Start();
        var account = await OpenAndClose(service);
        await Eventually.Is(async () => (await service.Tally(account))?.Closed == true);
        await Scrape.Becomes(service.Services, """messaging_default_partition_rows{table="event_log"}""", 3);
        await Scrape.Becomes(service.Services, """messaging_default_partition_rows{table="inbox"}""", 3);
        await Eventually.Is(async () => (await Scrape.Of(service.Services))["""messaging_partitions_ahead_seconds{table="inbox"}"""] < 0);
        var all = await Log();
        command.CommandText = "SELECT pg_advisory_unlock_all()";
        await command.ExecuteNonQueryAsync(Cancellation);

        await Run(service);

        Assert.Equal(0, await Count("event_log_default"));
        Assert.Equal(0, await Count("inbox_default"));
        Assert.Equal(Texts(all), Texts(await Log()));
        await AssertContiguous();
        Assert.InRange(await Database.Scalar<long>("SELECT count(*) FROM messaging.partitions('event_log')"), 7, 10);
        await Scrape.Becomes(service.Services, """messaging_default_partition_rows{table="event_log"}""", 0);
        await Eventually.Is(async () =>
            (await Scrape.Of(service.Services))["""messaging_partitions_ahead_seconds{table="inbox"}"""] > 27 * 24 * 3600);
        await service.Deposit(account, 1);
        await Eventually.Is(async () => (await service.Tally(account))?.Total == 6);
        Assert.Equal(0, await Count("event_log_default"));
    }

    [Fact]
    public async Task A_long_reader_delays_retention_and_nothing_else()
    {
        var service = await Service().Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using var dump = await connection.BeginTransactionAsync(Cancellation);
        await using var read = connection.CreateCommand();
        read.CommandText = "SELECT count(*) FROM messaging.event_log";
        await read.ExecuteScalarAsync(Cancellation);

        var run = Run(service);

        for (var n = 0; n < 3; n++)
        {
            var account = await OpenAndClose(service);
            await Eventually.Is(async () => (await service.Tally(account))?.Closed == true);
        }

        Assert.False(run.IsCompletedSuccessfully);
        await dump.RollbackAsync(Cancellation);
        await Eventually.Is(async () =>
        {
            if (run.IsFaulted)
                run = Run(service);
            await Task.WhenAny(run, Task.Delay(100));
            return run.IsCompletedSuccessfully;
        });
        Assert.NotEmpty(await Archived());
    }

    [Fact]
    public async Task The_flow_goes_on_and_nothing_is_lost_or_doubled()
    {
        var service = await Service().Start();
        using var enough = new CancellationTokenSource();
        var accounts = new System.Collections.Concurrent.ConcurrentBag<Guid>();
        var customers = Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                accounts.Add(await OpenAndClose(service));
                await service.Query(db => db.Set<LoggedEvent>().OrderByDescending(e => e.Position).Take(10).ToListAsync(Cancellation));
            }
        }).ToArray();

        for (var week = 0; week < 8; week++)
        {
            var before = accounts.Count;
            await Eventually.Is(() => accounts.Count > before + 10);
            Clock.Advance(TimeSpan.FromDays(7));
            await Eventually.Is(async () =>
            {
                try
                {
                    return await service.Retention.RunOnce(Cancellation);
                }
                catch (RetentionException)
                {
                    // The relay is not as far yet.
                    return false;
                }
            });
        }

        await enough.CancelAsync();
        await Task.WhenAll(customers);
        await Eventually.Is(async () => await service.Query(db => db.Tallies.CountAsync(tally => tally.Closed)) == accounts.Count);
        var archived = await Archived();
        var all = archived.Concat(await Log()).ToList();
        Assert.NotEmpty(archived);
        Assert.Equal(accounts.Count * 3, all.Count);
        Assert.Equal(all.Count, all.DistinctBy(e => e.Event.EventId).Count());
        Assert.Equal(
            accounts.Count, await service.Query(db => db.Tallies.CountAsync(tally => tally.Total == 5 && tally.Changes == 1)));
        Assert.Equal(0, await Count("event_log_default"));
        await AssertContiguous();
    }

    [Theory]
    [InlineData("LogDays", "0", "LogDays")]
    [InlineData("InboxDays", "6", "InboxDays")]
    [InlineData("PartitionDays", "0", "PartitionDays")]
    [InlineData("PartitionsAhead", "0", "PartitionsAhead")]
    [InlineData("Archive:Directory", "", "LogDays needs an archive")]
    [InlineData("Archive:ServiceUrl", "http://localhost", "either a Directory or a ServiceUrl")]
    [InlineData("Archive:AccessKey", "key", "AccessKey and SecretKey belong together")]
    public async Task Refuses_settings_that_make_no_sense_and_says_why(string setting, string value, string reason)
    {
        var exception = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => Service().With($"Messaging:Retention:{setting}", value).Start());

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    /// <summary>What is refused now is archived, all of it, when the partition is over.</summary>
    private async Task AssertArchivesFour(SampleHost service)
    {
        await LetItEnd(service);
        var all = await Log();
        Assert.Equal(4, all.Count);
        await Run(service);
        Assert.Equal(Texts(all), Texts(await Archived()));
    }
}
