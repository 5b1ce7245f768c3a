using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Replays between services that have only the permissions in deploy/.</summary>
public sealed class ReplayTests(Platform platform) : PlatformTest(platform)
{
    private const int Count = 30;

    /// <summary>Its commands are run as printed, except for addresses and times.</summary>
    private static readonly Guide Guide =
        Guide.Read(Repository.Path("shared", "Messaging.Operations", "Replays", "README.md"), "What to do");

    private static readonly string[] Situations =
    [
        "A new consumer needs past events", "When retention has archived a part", "A consumer lost its state", "remove these entries from the inbox",
        "Rows may differ from the log",
    ];

    [Fact]
    public void Every_block_of_the_guide_is_run_by_a_test_in_this_class() => Assert.Equal(Situations.Select(Guide.After), Guide.Blocks);

    [LongFact]
    public async Task A_replay_continues_after_a_kill_and_no_event_takes_effect_twice()
    {
        var sku = await Shop.Stock(1000);
        var orders = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => Shop.Place(sku)));
        await Shop.Balance(sku, orders);
        var duplicates = await Duplicates();
        var job = await Start(Orders, new { queue = "inventory", streams = orders, perSecond = 10 });
        await Eventually.Is(async () => await job.Sent() >= 5, description: "the replay has begun");

        Orders.Kill();
        await (await Orders.Start()).Ready();

        await job.Completes();
        await Eventually.Is(async () => await Duplicates() >= duplicates + Count, description: "Inventory has dropped them all");
        var balance = await Shop.Balance(sku, orders);
        Assert.Equal(Count, balance["Shipped"]);
        Assert.InRange(await job.Sent(), Count, Count + 1);
    }

    [Fact]
    public async Task Inventory_recovers_lost_reservations_and_nothing_ships_twice()
    {
        var since = await Inventory.Database.Scalar<DateTime>("SELECT now()");
        var sku = await Shop.Stock(1000);
        var orders = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => Shop.Place(sku)));
        await Shop.Balance(sku, orders);
        var (before, shipped) = (await Shop.StockOf(sku), await Shipments());
        await Lose(orders, sku, units: 1000, since);
        Assert.Equal((1000, 0), await Shop.StockOf(sku));

        await Run("A consumer lost its state", since);

        await Eventually.Is(async () => await Shop.StockOf(sku) == before, description: "the stock is what it was");
        await Shop.Balance(sku, orders);
        Assert.Equal(shipped, await Shipments());
    }

    [Fact]
    public async Task The_guides_commands_replay_to_a_new_consumer()
    {
        var sku = await Shop.Stock(10);
        await Shop.Becomes(await Shop.Place(sku), "shipped");

        var answers = await Run("A new consumer needs past events");

        Assert.Equal(3, answers.Count);
        var listed = answers[2].GetProperty("items")[0];
        Assert.Equal(answers[1].GetProperty("id").GetGuid(), listed.GetProperty("id").GetGuid());
        Assert.Equal("anna", listed.GetProperty("startedBy").GetString());
        await Completes("replays", listed);
        var job = await Orders.Http.GetFromJsonAsync<JsonElement>($"ops/replays/{listed.GetProperty("id")}");
        var sent = job.GetProperty("sent").GetInt64();
        Assert.Equal(sent, job.GetProperty("total").GetInt64());
        Assert.InRange(sent, 1, answers[0].GetProperty("events").GetInt64());
        var types = job.GetProperty("types").EnumerateArray().Select(type => type.GetString()!.Split(':')[1]).ToArray();
        Assert.Contains("OrderPlaced", types);
        Assert.DoesNotContain("OrderConfirmed", types);
    }

    [Fact]
    public async Task The_guides_command_starts_a_replay_from_the_archive()
    {
        var job = (await Run("When retention has archived a part"))[^1];

        Assert.Equal(("archive", "anna"), (job.GetProperty("source").GetString(), job.GetProperty("startedBy").GetString()));
        await Completes("replays", job);
    }

    [Fact]
    public async Task The_guides_commands_find_and_repair_a_row_that_differs()
    {
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");
        await Orders.Database.Scalar<int>($"UPDATE orders SET status = 'Placed' WHERE id = '{order}' RETURNING 1");

        var answers = await Run("Rows may differ from the log");

        Assert.Equal(("compare", "repair"), (answers[0].GetProperty("mode").GetString(), answers[2].GetProperty("mode").GetString()));
        Assert.Equal(answers[0].GetProperty("id").GetGuid(), answers[1].GetProperty("items")[0].GetProperty("id").GetGuid());
        await Shop.Becomes(order, "shipped");
        await Completes("rebuilds", answers[0]);
        await Completes("rebuilds", answers[2]);
        Assert.Equal((1, 0), await Found(answers[0]));
        Assert.Equal((1, 1), await Found(answers[2]));

        async Task<(int Differing, int Repaired)> Found(JsonElement started)
        {
            var job = await Orders.Http.GetFromJsonAsync<JsonElement>($"ops/rebuilds/{started.GetProperty("id")}");
            Assert.Equal("anna", job.GetProperty("startedBy").GetString());
            return (job.GetProperty("differing").GetInt32(), job.GetProperty("repaired").GetInt32());
        }
    }

    /// <summary>Runs a block of the guide and asserts that it succeeds.</summary>
    /// <returns>The answers to its commands.</returns>
    private async Task<List<JsonElement>> Run(string words, DateTime? since = null)
    {
        var block = Guide.After(words)
            .Replace("localhost:5101", Orders.Http.BaseAddress!.Authority, StringComparison.Ordinal)
            .Replace("localhost:5103", Shipping.Http.BaseAddress!.Authority, StringComparison.Ordinal)
            .Replace("2026-01-31T12:00:00Z", since?.ToString("O", CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var (exitCode, output, errors) = await Guide.Run(block, Repository.Path());
        Assert.True(exitCode == 0, $"{block}\n{output}\n{errors}");
        return Guide.Answers(output);
    }

    /// <summary>Deletes the rows of these orders and their inbox entries, as restoring an old backup would.</summary>
    private async Task Lose(Guid[] orders, string sku, int units, DateTime since)
    {
        var ids = string.Join(", ", orders.Select(id => $"'{id}'"));
        await using var lose = Inventory.Database.Source.CreateCommand(
            $"""
             DELETE FROM reservations WHERE order_id IN ({ids});
             DELETE FROM messaging.event_log WHERE stream IN ({ids});
             UPDATE stock SET available = {units}, reserved = 0 WHERE sku = '{sku}';
             {Guide.After("remove these entries from the inbox").Replace("2026-01-31 12:00Z", $"{since:O}", StringComparison.Ordinal)}
             """);
        await lose.ExecuteNonQueryAsync();
    }

    /// <summary>Returns when a job of Orders is completed.</summary>
    /// <param name="jobs">Its kind: <c>replays</c> or <c>rebuilds</c>.</param>
    /// <param name="started">The answer that names it.</param>
    private Task Completes(string jobs, JsonElement started) => new Job(Orders, $"ops/{jobs}/{started.GetProperty("id")}").Completes();

    private Task<long> Shipments() => Shipping.Database.Scalar<long>("SELECT count(*) FROM shipments");

    private Task<double> Duplicates() => Inventory.Instances[0].Metric("inbox_duplicates");

    private static async Task<Job> Start(Service producer, object request)
    {
        using var response = await producer.Http.PostAsJsonAsync("ops/replays", request);
        response.EnsureSuccessStatusCode();
        return new Job(producer, response.Headers.Location!.ToString());
    }

    private sealed record Job(Service Producer, string Path)
    {
        public async Task<long> Sent() => (await Get()).GetProperty("sent").GetInt64();

        public Task Completes() => Eventually.Is(
            async () => (await Get()).GetProperty("state").GetString() == "completed", $"{Path} is completed");

        private Task<JsonElement> Get() => Producer.Http.GetFromJsonAsync<JsonElement>(Path);
    }
}
