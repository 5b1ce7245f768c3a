using Microsoft.Extensions.Options;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Operations.Tests.Archives;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

/// <summary>Events leave the log when they are old, published, of closed streams, and in the archive; never before.</summary>
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
        var begin = Clock.GetUtcNow();

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
        Assert.InRange(await LastSuccess(service), begin.ToUnixTimeSeconds(), Clock.GetUtcNow().ToUnixTimeSeconds() + 1);
    }

    [Theory]
    [InlineData("LogDays", "0", "LogDays")]
    [InlineData("Archive:Directory", "", "LogDays needs an archive")]
    [InlineData("Archive:AccessKey", "key", "AccessKey and SecretKey belong together")]
    public async Task A_service_does_not_start_with_invalid_settings_and_gives_the_reason(string setting, string value, string reason)
    {
        var exception = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Service().With($"Messaging:Retention:{setting}", value).Start());

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_is_kept_forever_by_default()
    {
        var service = await Service().With("Messaging:Retention:LogDays", "").Start();
        await OpenAndClose(service);
        var all = await Log();
        await LetItEnd(service);
        await Pass(service, days: 10_000);

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
        await Pass(silent, days: 21);

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
    public async Task A_partition_is_not_dropped_while_one_of_its_events_may_still_be_committed()
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
        await Pass(service, days: 21);

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
        faulty.Before = async (moment, _) =>
        {
            faulty.Before = (_, _) => Task.CompletedTask;
            Assert.Equal("list", moment);
            // After the first check that everything is published, and before the partition is read; the relay cannot move its cursor.
            await connection.Execute("SELECT FROM messaging.relay_cursor FOR UPDATE", Cancellation);
            await InsertLate();
        };

        var exception = await Assert.ThrowsAsync<RetentionException>(() => Run(service));

        Assert.Contains("published", exception.Message, StringComparison.Ordinal);
        await transaction.RollbackAsync(Cancellation);
        await AssertArchivesFour(service);
    }

    /// <summary>A later run archives all four events.</summary>
    private async Task AssertArchivesFour(SampleHost service)
    {
        await LetItEnd(service);
        var all = await Log();
        Assert.Equal(4, all.Count);
        await Run(service);
        Assert.Equal(Texts(all), Texts(await Archived()));
    }
}
