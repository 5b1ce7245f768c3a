using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Past events once more, between services that may do no more than deploy/ says.</summary>
public sealed class ReplayTests(Platform platform) : PlatformTest(platform)
{
    private const int Count = 30;

    [Fact]
    public async Task A_replay_goes_on_after_its_process_was_killed_and_takes_no_effect_twice()
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
    public async Task Inventory_gets_back_the_reservations_that_it_lost_and_nobody_ships_twice()
    {
        var sku = await Shop.Stock(1000);
        var orders = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => Shop.Place(sku)));
        await Shop.Balance(sku, orders);
        var (before, shipped) = (await Shop.StockOf(sku), await Shipments());
        await Lose(orders, sku, units: 1000);
        Assert.Equal((1000, 0), await Shop.StockOf(sku));

        foreach (var producer in (Service[])[Orders, Shipping])
            await (await Start(producer, new { queue = "inventory", streams = orders })).Completes();

        await Eventually.Is(async () => await Shop.StockOf(sku) == before, description: "the stock is what it was");
        await Shop.Balance(sku, orders);
        Assert.Equal(shipped, await Shipments());
    }

    [Fact]
    public async Task The_commands_of_the_operators_guide_work_as_they_stand_there()
    {
        var guide = await File.ReadAllTextAsync(Repository.Path("shared", "Messaging", "README.md"));
        var commands = guide.Split("## Replay and rebuild")[1].Split('\n')
            .Where(line => line.StartsWith("curl ", StringComparison.Ordinal))
            .ToArray();
        Assert.Equal(9, commands.Length);

        foreach (var command in commands)
        {
            var here = command
                .Replace("localhost:5101/", Orders.Http.BaseAddress!.ToString(), StringComparison.Ordinal)
                .Replace("localhost:5103/", Shipping.Http.BaseAddress!.ToString(), StringComparison.Ordinal);
            using var curl = Process.Start(
                new ProcessStartInfo("bash", ["-c", $"{here} --fail-with-body"]) { RedirectStandardOutput = true })!;
            var answer = await curl.StandardOutput.ReadToEndAsync();
            await curl.WaitForExitAsync();
            Assert.True(curl.ExitCode == 0, $"{command}: {answer}");
        }
    }

    /// <summary>The rows of these orders, and that their events were handled, as if restored from an old backup.</summary>
    private async Task Lose(Guid[] orders, string sku, int units)
    {
        var ids = string.Join(", ", orders.Select(id => $"'{id}'"));
        await using var lose = Inventory.Database.Source.CreateCommand(
            $"""
             DELETE FROM reservations WHERE order_id IN ({ids});
             DELETE FROM messaging.event_log WHERE stream IN ({ids});
             DELETE FROM messaging.inbox WHERE queue = 'inventory';
             UPDATE stock SET available = {units}, reserved = 0 WHERE sku = '{sku}'
             """);
        await lose.ExecuteNonQueryAsync();
    }

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
            async () => (await Get()).GetProperty("state").GetString() == "completed", TimeSpan.FromMinutes(1), "the replay is completed");

        private Task<JsonElement> Get() => Producer.Http.GetFromJsonAsync<JsonElement>(Path);
    }
}
