using OrderPlatform.Messaging.Operations.Tests.Archives;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

/// <summary>The operator's guide to retention and archives as it is printed, except for addresses, directories and ids.</summary>
public sealed class RetentionGuideTests : RetentionTest
{
    private static readonly Guide Guide =
        Guide.Read(Path.Combine(AppContext.BaseDirectory, "guides", "retention.md"), "What to do");

    private static readonly string[] Situations =
        ["Keep events for 90 days", "The same in a bucket", "which partitions exist", "no longer in the log", "an auditor asks"];

    [Fact]
    public void Every_block_is_run_by_a_test_of_this_class() => Assert.Equal(Situations.Select(Guide.After), Guide.Blocks);

    [Fact]
    public async Task Events_are_kept_for_90_days_and_duplicates_for_120()
    {
        var service = await Service().With(Settings("Keep events for 90 days")).Start();
        await OpenAndClose(service);
        await LetItEnd(service);

        Clock.Advance(TimeSpan.FromDays(84 - 21));
        await Run(service);
        Assert.Equal((3, 3), (await Count("event_log"), await Count("inbox")));

        Clock.Advance(TimeSpan.FromDays(105 - 84));
        await Run(service);
        Assert.Equal((0, 3), (await Count("event_log"), await Count("inbox")));
        Assert.Equal(3, (await Archived()).Count);

        Clock.Advance(TimeSpan.FromDays(133 - 105));
        await Run(service);
        Assert.Equal(0, await Count("inbox"));
    }

    [Fact]
    public async Task The_archive_can_be_in_a_bucket()
    {
        await using var store = await S3StandIn.Start();
        var block = Guide.After("The same in a bucket")
            .Replace("https://s3.eu-central-1.amazonaws.com", store.Url.ToString(), StringComparison.Ordinal)
            .Replace("Bucket=orderplatform", "Bucket=bucket", StringComparison.Ordinal);
        var service = await Service()
            .With([
                .. SettingsOf(block), ("Messaging:Retention:Archive:Directory", ""),
                ("Messaging:Retention:Archive:AccessKey", S3StandIn.AccessKey), ("Messaging:Retention:Archive:SecretKey", "secret"),
            ])
            .Start();
        await OpenAndClose(service);
        await LetItEnd(service);

        await Run(service);

        Assert.Equal(2, store.Objects.Count);
        Assert.All(store.Objects.Keys, key => Assert.StartsWith("archive/ledger/event_log_", key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_partitions_are_listed_with_their_bounds()
    {
        await Service().Start();

        await using var command = Database.Source.CreateCommand(Guide.After("which partitions exist"));
        await using var row = await command.ExecuteReaderAsync(Cancellation);
        var partitions = new List<(string Name, bool Begins, bool Ends)>();
        while (await row.ReadAsync(Cancellation))
            partitions.Add((row.GetString(0), !row.IsDBNull(1), !row.IsDBNull(2)));

        Assert.Equal(("event_log_past", false, true), partitions[0]);
        Assert.Equal(("event_log_default", false, false), partitions[^1]);
        Assert.True(partitions.Count >= 2 + 4);
        Assert.All(partitions[1..^1], partition => Assert.True(partition.Begins && partition.Ends));
    }

    [Fact]
    public async Task An_orders_history_is_found_in_the_archive()
    {
        var service = await Service().Start();
        await OpenAndClose(service);
        var account = await OpenAndClose(service);
        await LetItEnd(service);
        var events = (await Log()).Where(e => e.Event.Stream == $"{account}").Select(e => e.Event.EventId.ToString()).ToArray();
        await Run(service);

        var block = Here("no longer in the log").Replace("0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70", $"{account}", StringComparison.Ordinal);
        var (exitCode, output, errors) = await Guide.Run(block, Directory.FullName);

        Assert.True(exitCode == 0, errors);
        var found = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, events.Length);
        Assert.Equal(events.Length, found.Length);
        Assert.All(events.Zip(found), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_auditor_can_check_that_an_archive_is_unchanged()
    {
        var service = await Service().Start();
        await OpenAndClose(service);
        await LetItEnd(service);
        await Run(service);
        var archive = Assert.Single(Directory.GetFiles("*.jsonl.gz", SearchOption.AllDirectories));

        var whole = await Guide.Run(Here("an auditor asks"), Directory.FullName);
        Assert.Equal((0, $"ledger/{archive.Name}: OK\n"), (whole.ExitCode, whole.Output));

        var bytes = await File.ReadAllBytesAsync(archive.FullName, Cancellation);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(archive.FullName, bytes, Cancellation);
        var damaged = await Guide.Run(Here("an auditor asks"), Directory.FullName);
        Assert.NotEqual(0, damaged.ExitCode);
        Assert.Equal($"ledger/{archive.Name}: FAILED\n", damaged.Output);
    }

    private (string Key, string Value)[] Settings(string words) =>
        SettingsOf(Guide.After(words).Replace("/var/lib/orderplatform/archive", Directory.FullName, StringComparison.Ordinal));

    /// <summary>Environment variables as .NET reads them.</summary>
    private static (string Key, string Value)[] SettingsOf(string block) =>
    [
        .. block.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2))
            .Select(setting => (setting[0].Replace("__", ":", StringComparison.Ordinal), setting[1])),
    ];

    /// <summary>The guide's service is Orders.</summary>
    private static string Here(string words) => Guide.After(words).Replace("orders/", "ledger/", StringComparison.Ordinal);
}
