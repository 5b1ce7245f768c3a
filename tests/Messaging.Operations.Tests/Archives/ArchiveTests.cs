using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Tests.Retention;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Archives;

public sealed class ArchiveTests : RetentionTest
{
    private readonly TaskCompletionSource reached = new();
    private readonly TaskCompletionSource proceed = new();

    private FaultyArchive Faulty => field ??= new FaultyArchive(Path.Combine(Directory.FullName, "ledger"));

    [Theory]
    [InlineData("a byte changed")]
    [InlineData("cut off")]
    [InlineData("something added")]
    [InlineData("missing")]
    [InlineData("manifest missing")]
    [InlineData("manifest damaged")]
    [InlineData("manifest of another")]
    public async Task A_damaged_archive_is_detected_and_the_log_stays(string damage)
    {
        var service = await StartFaulty();
        await OpenAndClose(service);
        var (all, partition) = (await Log(), await OldestPartition());
        await LetItEnd(service);
        Faulty.Written = file => Damage(file, damage);

        var exception = await Assert.ThrowsAsync<ArchiveException>(() => Run(service));

        Assert.Contains(partition, exception.Message, StringComparison.Ordinal);
        Assert.Equal(partition, await OldestPartition());
        Assert.Equal(Texts(all), Texts(await Log()));
        Faulty.Written = _ => { };
        await Run(service);
        Assert.Equal(Texts(all), Texts(await Archived()));
        Assert.Equal(2, new DirectoryInfo(Path.Combine(Directory.FullName, "ledger")).GetFiles().Length);
    }

    [Fact]
    public async Task A_full_disk_is_detected_the_log_stays_and_no_file_is_left()
    {
        var service = await StartFaulty();
        await OpenAndClose(service);
        var all = await Log();
        await LetItEnd(service);
        Faulty.Before = (moment, _) => moment == "flow" ? throw new IOException("No space left on device") : Task.CompletedTask;

        await Assert.ThrowsAsync<IOException>(() => Run(service));

        Assert.Equal(Texts(all), Texts(await Log()));
        Assert.Empty(new DirectoryInfo(Path.Combine(Directory.FullName, "ledger")).GetFiles());
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_detected_and_the_log_stays()
    {
        var service = await Service().Start();
        await OpenAndClose(service);
        var all = await Log();
        await LetItEnd(service);
        await File.WriteAllTextAsync(Path.Combine(Directory.FullName, "ledger"), "not a directory", Cancellation);

        var exception = await Assert.ThrowsAsync<ArchiveUnavailableException>(() => Run(service));

        Assert.Contains(Directory.FullName, exception.Message, StringComparison.Ordinal);

        Assert.Equal(Texts(all), Texts(await Log()));
    }

    /// <summary>The first instance loses its connection at a critical moment, and continues after another has done its work.</summary>
    [Theory]
    [InlineData("flow", ArchiveFile.Suffix)]
    [InlineData("write", ArchiveManifest.Suffix)]
    [InlineData("open", ArchiveManifest.Suffix)]
    [InlineData("open", ArchiveFile.Suffix)]
    public async Task An_interrupted_instance_loses_no_event_and_damages_no_archive(string moment, string file)
    {
        var service = await StartFaulty();
        var open = Guid.CreateVersion7();
        await service.Open(open);
        await OpenAndClose(service);
        await service.Deposit(open, 1);
        var all = await Log();
        await LetItEnd(service);
        Faulty.Before = (at, name) => at == moment && name.EndsWith(file, StringComparison.Ordinal) ? Halt() : Task.CompletedTask;
        var halted = Run(service);
        await await Task.WhenAny(halted, reached.Task);
        await EndRun();
        await Eventually.Is(
            async () => await Database.Scalar<long>("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'") == 0);
        var other = await Service().Start();

        await Run(other);

        await AssertNothingLostOrDoubled(all);
        proceed.SetResult();
        await Assert.ThrowsAnyAsync<Exception>(() => halted);
        await AssertNothingLostOrDoubled(all);
        Assert.Equal(["messaging.event_log_past"], await PartitionsOf(open));
        await AssertContiguous();
    }

    [Fact]
    public async Task An_archive_of_another_log_is_not_overwritten()
    {
        var service = await Service().Start();
        await OpenAndClose(service);
        var (all, partition) = (await Log(), await OldestPartition());
        var others = Path.Combine(Directory.CreateSubdirectory("ledger").FullName, $"{partition}-00000000");
        var manifest = new ArchiveManifest(
            "ledger",
            partition,
            default,
            default,
            $"{partition}-00000000{ArchiveFile.Suffix}",
            1,
            1,
            1,
            Guid.NewGuid(),
            default,
            default,
            1,
            "",
            "",
            default);
        await File.WriteAllBytesAsync(others + ArchiveManifest.Suffix, manifest.ToBytes(), Cancellation);
        await File.WriteAllTextAsync(others + ArchiveFile.Suffix, "other", Cancellation);
        await LetItEnd(service);

        var exception = await Assert.ThrowsAsync<ArchiveException>(() => Run(service));

        Assert.Contains("another log", exception.Message, StringComparison.Ordinal);
        Assert.Equal("other", await File.ReadAllTextAsync(others + ArchiveFile.Suffix, Cancellation));
        Assert.Equal(Texts(all), Texts(await Log()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_archive_of_which_the_log_has_lost_an_event_is_kept(int lost)
    {
        var service = await StartFaulty();
        await OpenAndClose(service);
        var (all, partition) = (await Log(), await OldestPartition());
        await LetItEnd(service);
        Faulty.Before = (moment, name) =>
            moment == "open" && name.EndsWith(ArchiveFile.Suffix, StringComparison.Ordinal) ? Halt() : Task.CompletedTask;
        var halted = Run(service);
        await await Task.WhenAny(halted, reached.Task);
        await EndRun();
        proceed.SetResult();
        await Assert.ThrowsAnyAsync<Exception>(() => halted);
        Faulty.Before = (_, _) => Task.CompletedTask;
        var files = Files();
        // Another event has its position now, as after an older backup was restored.
        await Database.Scalar<Guid>(
            $"""
             UPDATE messaging.event_log SET event_id = (left(event_id::text, 24) || '000000000000')::uuid
             WHERE position = {all[lost].Position} RETURNING event_id
             """);

        var exception = await Assert.ThrowsAsync<ArchiveException>(() => Run(service));

        Assert.Contains(all[lost].Event.EventId.ToString(), exception.Message, StringComparison.Ordinal);
        Assert.Contains("older backup", exception.Message, StringComparison.Ordinal);
        Assert.Equal(partition, await OldestPartition());
        Assert.Equal(2, files.Count);
        Assert.Equal(files, Files());
        Assert.Equal(Texts(all), Texts(await Archived()));

        SortedDictionary<string, string> Files() => new(
            Directory.GetFiles("*", SearchOption.AllDirectories).ToDictionary(file => file.Name, file => File.ReadAllText(file.FullName)));
    }

    [Fact]
    public async Task Events_are_read_in_order_across_files_and_by_time_type_stream_and_position()
    {
        var service = await Service().Start();
        var open = Guid.CreateVersion7();
        await service.Open(open);
        var first = await OpenAndClose(service);
        await LetItEnd(service);
        await Run(service);
        var between = Clock.GetUtcNow();
        var second = await OpenAndClose(service);
        await service.Append(open, new Closed(open));
        await LetItEnd(service);
        await Run(service);

        var all = await Archived();

        Assert.Equal(8, all.Count);
        Assert.Equal(all.Select(e => e.Position).Order(), all.Select(e => e.Position));
        Assert.Equal(all[4..], await Archived(new ArchiveFilter(From: between)), Same);
        Assert.Equal(all[..4], await Archived(new ArchiveFilter(Until: between)), Same);
        Assert.Equal(all[3..], await Archived(new ArchiveFilter(After: all[2].Position)), Same);
        var streams = new HashSet<string> { open.ToString(), second.ToString() };
        var types = new HashSet<string> { EventTypes.NameOf(typeof(Opened)) };
        Assert.Equal(
            [(open.ToString(), 1), (second.ToString(), 1)],
            (await Archived(new ArchiveFilter(Types: types, Streams: streams))).Select(e => (e.Event.Stream, e.Event.Sequence)));
        Assert.Equal(3, all.Count(e => e.Event.Stream == first.ToString()));
    }

    [Fact]
    public async Task A_file_that_was_damaged_later_returns_no_event()
    {
        var service = await Service().Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        await Run(service);
        await OpenAndClose(service);
        await LetItEnd(service);
        await Run(service);
        var file = (await Archive.Manifests(Cancellation)).MaxBy(manifest => manifest.FirstPosition)!.File;
        Damage(new FileInfo(Path.Combine(Directory.FullName, "ledger", file)), "a byte changed");
        var read = new List<LogEntry>();

        var exception = await Assert.ThrowsAsync<ArchiveException>(async () =>
        {
            await foreach (var e in Archive.Read(new ArchiveFilter(), Cancellation))
                read.Add(e);
        });

        Assert.Contains(file, exception.Message, StringComparison.Ordinal);
        Assert.Equal(3, read.Count);
    }

    private static bool Same(LogEntry a, LogEntry b) => Texts([a]).SequenceEqual(Texts([b]));

    private static void Damage(FileInfo file, string damage)
    {
        var isManifest = file.Name.EndsWith(ArchiveManifest.Suffix, StringComparison.Ordinal);
        if (isManifest != damage.StartsWith("manifest", StringComparison.Ordinal))
            return;
        var bytes = File.ReadAllBytes(file.FullName);
        switch (damage)
        {
            case "a byte changed":
                bytes[bytes.Length / 2] ^= 1;
                File.WriteAllBytes(file.FullName, bytes);
                break;
            case "cut off" or "manifest damaged":
                File.WriteAllBytes(file.FullName, bytes[..^20]);
                break;
            case "something added":
                File.WriteAllBytes(file.FullName, [.. bytes, 0]);
                break;
            case "manifest of another":
                File.WriteAllText(
                    file.FullName,
                    File.ReadAllText(file.FullName).Replace("\"events\": 3", "\"events\": 4", StringComparison.Ordinal));
                break;
            default:
                file.Delete();
                break;
        }
    }

    private Task Halt()
    {
        reached.TrySetResult();
        return proceed.Task;
    }

    private Task<SampleHost> StartFaulty() => Service().WithService<IArchiveStore>(Faulty).Start();
}
