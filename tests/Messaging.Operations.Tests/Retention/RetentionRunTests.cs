using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Operations.Tests.Archives;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

/// <summary>A run of retention beside other instances, readers and normal traffic.</summary>
public sealed class RetentionRunTests : RetentionTest
{
    [Fact]
    public async Task Only_one_instance_runs_at_a_time()
    {
        var (reached, proceed) = (new TaskCompletionSource(), new TaskCompletionSource());
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
            return proceed.Task;
        };
        var run = Run(first);
        await reached.Task.WaitAsync(Eventually.Guard, Cancellation);

        Assert.False(await first.Retention.RunOnce(Cancellation));
        Assert.False(await second.Retention.RunOnce(Cancellation));

        proceed.SetResult();
        await run;
        await AssertNothingLostOrDoubled(all);
        Assert.Empty(await Log());
    }

    [Fact]
    public async Task All_other_work_is_done_between_two_archived_partitions()
    {
        var faulty = new FaultyArchive(Path.Combine(Directory.FullName, "ledger"));
        var service = await Service().WithService<IArchiveStore>(faulty).Start();
        await OpenAndClose(service);
        var first = await OldestPartition();
        await Pass(service, days: 7);
        await OpenAndClose(service);
        await LetItEnd(service);
        var (reached, proceed) = (new TaskCompletionSource(), new TaskCompletionSource());
        faulty.Before = (moment, name) =>
        {
            if (moment != "write" || !name.EndsWith(ArchiveFile.Suffix, StringComparison.Ordinal))
                return Task.CompletedTask;
            // Archiving the first takes three weeks.
            if (name.StartsWith(first, StringComparison.Ordinal))
                Clock.Advance(TimeSpan.FromDays(21));
            else
                reached.TrySetResult();
            return name.StartsWith(first, StringComparison.Ordinal) ? Task.CompletedTask : proceed.Task;
        };

        var begin = Clock.GetUtcNow();
        var run = Run(service);
        await await Task.WhenAny(run, reached.Task);

        Assert.True(await Database.Scalar<DateTime>("SELECT max(until) FROM messaging.partitions('event_log')")
            > Clock.GetUtcNow().AddDays(21).UtcDateTime);
        Assert.InRange(
            await LastSuccess(service), begin.AddDays(21).ToUnixTimeSeconds(), Clock.GetUtcNow().ToUnixTimeSeconds() + 1);
        proceed.SetResult();
        await run;
        Assert.Empty(await Log());
    }

    [Fact]
    public async Task After_a_standstill_the_service_works_at_once_and_rows_move_to_their_partitions()
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
    public async Task A_long_reader_delays_only_retention()
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

    [LongFact]
    public async Task Normal_traffic_continues_and_no_event_is_lost_or_duplicated()
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
                    // The relay has not published everything yet.
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
}
