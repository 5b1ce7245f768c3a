using System.Net.Http.Json;
using System.Text;
using RabbitMQ.Client;

namespace OrderPlatform.Ops.Tests;

/// <summary>Events that wait for a dead letter, and redrives in progress.</summary>
public sealed class FollowerTests(OpsPlatform platform) : PageTest(platform)
{
    [Fact]
    public async Task A_deferred_event_leads_to_its_dead_letter_whose_followers_are_released()
    {
        var order = Guid.NewGuid();
        await Send(order, 1, "no JSON");
        await Send(order, 2, $$"""{"orderId": "{{order}}", "reservedAt": "2026-01-31T12:00:00Z"}""");
        await Eventually.Is(async () => await Letters(order) == 1 && await Orders.Database.Scalar<bool>(
            $"SELECT EXISTS (SELECT FROM messaging.deferred_events WHERE stream = '{order}')"));

        await Open(Orders, "");
        await Link("wait for their predecessor").ClickAsync();
        var row = Page.GetByRole(AriaRole.Row).Filter(new() { HasText = $"{order}" });
        await Expect(row).ToContainTextAsync("sequence 1");
        await Expect(row.GetByRole(AriaRole.Link, new() { Name = $"{order}" })).ToHaveAttributeAsync("href", $"#/timeline/{order}");
        await IsAccessible("deferred");
        await row.GetByRole(AriaRole.Link, new() { Name = "a dead letter" }).ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Heading, new() { Name = "StockReserved in orders" })).ToBeVisibleAsync();
        await Expect(Button("Release followers…")).ToHaveCountAsync(0);
        await Button("Discard…").ClickAsync();
        await Dialog.GetByLabel("Reason").FillAsync("The message is unreadable");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();

        await Button("Release followers…").ClickAsync();
        await Dialog.GetByLabel("Reason").FillAsync("They need not wait");
        await IsAccessible("release");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Release" }).ClickAsync();

        await Says("The followers run now.");
        await Eventually.Is(async () => await Letters(order) == 2, description: "the follower, which cannot run, is a dead letter");
        await Expect(Button("Release followers…")).ToHaveCountAsync(0);
        await Expect(Page.GetByRole(AriaRole.Table, new() { Name = "What was done" })).ToContainTextAsync("They need not wait");
    }

    [LongFact]
    public async Task A_redrive_of_many_messages_is_cancelled()
    {
        var orders = Enumerable.Range(0, 3).Select(_ => Guid.NewGuid()).ToArray();
        foreach (var order in orders)
        {
            await Send(order, 1, "no JSON");
            await Eventually.Is(async () => await Letters(order) == 1);
        }

        var ofThese = $"stream IN ('{string.Join("', '", orders)}')";
        var ids = await Orders.Database.Scalar<Guid[]>($"SELECT array_agg(id) FROM messaging.dead_letters WHERE {ofThese}");
        using var response = await Orders.Http.PostAsJsonAsync(
            "ops/dead-letters/redrives", new { ids, perSecond = 0.01, reason = "Too early" });
        Assert.Equal(202, (int)response.StatusCode);

        await Open(Orders, "dead-letters?state=scheduled");
        var row = Page.GetByRole(AriaRole.Table, new() { Name = "Running redrives" }).GetByRole(AriaRole.Row)
            .Filter(new() { HasText = "Too early" });
        await IsAccessible("redrives");
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel the redrive" }).ClickAsync();

        await Says("will not be redriven.");
        await Expect(row).ToHaveCountAsync(0);
        Assert.Equal(0, await Orders.Database.Scalar<long>(
            $"SELECT count(*) FROM messaging.dead_letters WHERE due_at IS NOT NULL AND {ofThese}"));
    }

    private Task<long> Letters(Guid order) =>
        Orders.Database.Scalar<long>($"SELECT count(*) FROM messaging.dead_letters WHERE stream = '{order}'");

    /// <summary>A message in the queue of Orders, as if it came from Inventory.</summary>
    private async Task Send(Guid order, int sequence, string body)
    {
        await using var connection = await Platform.Connect();
        await using var channel = await connection.CreateChannelAsync();
        var properties = new BasicProperties
        {
            MessageId = $"{Guid.CreateVersion7()}",
            CorrelationId = $"{order}",
            ContentType = "application/json",
            Headers = new Dictionary<string, object?>
            {
                ["MT-MessageType"] = "urn:message:OrderPlatform.Contracts.Inventory:StockReserved",
                ["stream"] = $"{order}",
                ["sequence"] = sequence,
                ["occurred-at"] = "2026-01-31T12:00:00Z",
            },
        };
        await channel.BasicPublishAsync("orders", "", mandatory: true, properties, Encoding.UTF8.GetBytes(body));
    }
}
