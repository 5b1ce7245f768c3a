using System.Text;
using RabbitMQ.Client;

namespace OrderPlatform.Ops.Tests;

public sealed class DeadLetterTests(OpsPlatform platform) : PageTest(platform)
{
    private const string StockReserved = "OrderPlatform.Contracts.Inventory:StockReserved";
    private const string Malicious = """{"orderId": "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"}""";

    private ILocator State => Page.Locator(".lead .state");

    [Fact]
    public async Task From_groups_to_a_message_that_is_redriven_and_resolved()
    {
        // Confirming an order that is rejected is a contradiction; later it is none any more.
        var order = await PlaceWithoutInventory();
        await SetStatus(order, "Rejected");
        await Inventory.Start();
        await Filed(order);

        await Open(Orders, "");
        await Link("wait for somebody").ClickAsync();
        await Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "ContradictionException" }).GetByRole(AriaRole.Link).ClickAsync();
        await Page.GetByRole(AriaRole.Row).Filter(new() { HasText = $"{order}" }).GetByRole(AriaRole.Link).ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Heading, new() { Name = "StockReserved in orders" })).ToBeFocusedAsync();
        await Expect(Page.GetByText("ConfirmOrder", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(Page.Locator("svg .mark.dead")).ToHaveCountAsync(1);
        await Expect(State).ToHaveTextAsync("! waiting");
        await IsAccessible("message");

        await SetStatus(order, "Placed");
        await Button("Redrive…").ClickAsync();
        await Dialog.GetByLabel("Reason").FillAsync("It was not rejected after all");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive" }).ClickAsync();

        await Says("The message will be redriven.");
        await Expect(State).ToHaveTextAsync("✓ resolved");
        var history = Page.GetByRole(AriaRole.Table, new() { Name = "What was done" });
        await Expect(history.GetByRole(AriaRole.Row).Filter(new() { HasText = "It was not rejected after all" })).ToContainTextAsync("Ada");
        await Shop.Becomes(order, "shipped");
    }

    [Fact]
    public async Task A_body_is_edited_until_it_fits_and_is_shown_as_text_whatever_it_is()
    {
        var order = await PlaceWithoutInventory();
        await Send(order, Malicious);
        await Filed(order);
        Expected.AddRange(["ERR_CONNECTION_REFUSED", "400 (Bad Request)"]);
        await OpenMessage(order);
        await Expect(Page.GetByRole(AriaRole.Region, new() { Name = "The body" })).ToContainTextAsync("<script>document.title");
        await Expect(Page).ToHaveTitleAsync("StockReserved in orders · orders");
        Assert.Equal(0, await Page.Locator("main script, main img").CountAsync());

        await Button("Edit…").ClickAsync();
        var body = Dialog.GetByRole(AriaRole.Textbox, new() { Name = "Body" });
        await body.FillAsync("""{"orderId": "no id"}""");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Expect(body).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(body).ToBeFocusedAsync();
        await Expect(Dialog.Locator("#field-body-error")).ToContainTextAsync("orderId");
        await IsAccessible("edit");

        await body.FillAsync($$"""{"orderId": "{{order}}", "reservedAt": "2026-01-31T12:00:00Z"}""");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Says("The body was changed.");
        await Expect(Button("Edit…")).ToBeFocusedAsync();
        await Page.GetByText("As it came, before it was edited").ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Region, new() { Name = "The original body" })).ToContainTextAsync("<script>");

        await Button("Redrive…").ClickAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive" }).ClickAsync();
        await Expect(State).ToHaveTextAsync("✓ resolved");
        await Shop.Becomes(order, "shipped");
    }

    [Fact]
    public async Task Is_discarded_with_the_keyboard_alone()
    {
        var order = Guid.NewGuid();
        await Send(order, "not even JSON");
        await Filed(order);
        await OpenMessage(order);

        await TabTo("Discard…");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Dialog.GetByLabel("Reason")).ToBeFocusedAsync();
        await IsAccessible("discard");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Dialog.GetByText("This is needed.")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("Escape");
        await Expect(Button("Discard…")).ToBeFocusedAsync();

        await Page.Keyboard.PressAsync("Enter");
        await Page.Keyboard.TypeAsync("Nobody can read it");
        await Page.Keyboard.PressAsync("Tab");
        await Page.Keyboard.PressAsync("ArrowDown");
        await TabTo("Discard");
        await Page.Keyboard.PressAsync("Enter");

        await Says("The message was discarded.");
        await Expect(State).ToHaveTextAsync("× discarded");
        await Expect(Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        await Expect(Page.GetByRole(AriaRole.Table, new() { Name = "What was done" })).ToContainTextAsync("Nobody can read it");
    }

    [Fact]
    public async Task Many_are_redriven_at_once_after_a_dry_run()
    {
        var marker = $"only-{Guid.NewGuid():N}";
        for (var number = 0; number < 3; number++)
            await Send(Guid.NewGuid(), marker);
        await Eventually.Is(async () => await Count($"state = 'waiting' AND {HasText(marker)}") == 3, description: "all are filed");
        await Open(Orders, "dead-letters/list?state=waiting");
        await Page.GetByText("Filter", new() { Exact = true }).ClickAsync();
        await Page.GetByLabel("Text").FillAsync(marker);
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Page.GetByRole(AriaRole.Row)).ToHaveCountAsync(4);
        await IsAccessible("list");

        await Page.GetByRole(AriaRole.Checkbox).Nth(1).CheckAsync();
        await Button("Redrive 1 selected…").ClickAsync();
        await Expect(Dialog.GetByText("Would redrive 1 message.")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("Escape");

        await Button("Redrive all that match…").ClickAsync();
        await Expect(Dialog.GetByText("Would redrive 3 messages.")).ToBeVisibleAsync();
        await Dialog.GetByLabel("At most").FillAsync("2");
        await Dialog.GetByLabel("Messages per second").FillAsync("1000");
        await Page.Keyboard.PressAsync("Tab");
        await Expect(Dialog.GetByText("Would redrive 2 messages of 3.")).ToBeVisibleAsync();
        await IsAccessible("redrive");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive 2 messages" }).ClickAsync();

        await Says("2 messages will be redriven.");
        await Eventually.Is(async () => await Count($"attempts = 2 AND {HasText(marker)}") == 2);
    }

    [Fact]
    public async Task Asks_once_who_acts()
    {
        var order = Guid.NewGuid();
        await Send(order, "no JSON");
        await Filed(order);
        await OpenMessage(order);
        await Page.EvaluateAsync("localStorage.setItem('operator', '')");

        await Button("Discard…").ClickAsync();
        await Dialog.GetByLabel("Your name").FillAsync("Grace");
        await Page.Keyboard.PressAsync("Enter");
        await Expect(Button("You: Grace")).ToBeVisibleAsync();
        await Expect(Dialog.GetByRole(AriaRole.Heading, new() { Name = "Discard StockReserved?" })).ToBeVisibleAsync();
    }

    /// <summary>An order that stays placed, because Inventory is away.</summary>
    private async Task<Guid> PlaceWithoutInventory()
    {
        var sku = await Shop.Stock(1);
        await Inventory.Stop();
        return await Shop.Place(sku);
    }

    private async Task SetStatus(Guid order, string status) =>
        await Orders.Database.Scalar<int>($"UPDATE orders SET status = '{status}' WHERE id = '{order}' RETURNING 1");

    /// <summary>A message in the queue of Orders, as if it came from Inventory.</summary>
    private async Task Send(Guid order, string body)
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
                ["MT-MessageType"] = $"urn:message:{StockReserved}",
                ["stream"] = $"{order}",
                ["sequence"] = 1,
                ["occurred-at"] = "2026-01-31T12:00:00Z",
            },
        };
        await channel.BasicPublishAsync("orders", "", mandatory: true, properties, Encoding.UTF8.GetBytes(body));
    }

    /// <summary>Returns when a dead letter of this order waits.</summary>
    private Task Filed(Guid order) =>
        Eventually.Is(async () => await Count($"state = 'waiting' AND stream = '{order}'") == 1, description: "it is filed");

    private Task<long> Count(string where) => Orders.Database.Scalar<long>($"SELECT count(*) FROM messaging.dead_letters WHERE {where}");

    private static string HasText(string text) => $"convert_from(body, 'UTF8') = '{text}'";

    private async Task OpenMessage(Guid order)
    {
        var id = await Orders.Database.Scalar<Guid>($"SELECT id FROM messaging.dead_letters WHERE stream = '{order}'");
        await Open(Orders, $"dead-letters/{id}");
    }

    /// <summary>Presses Tab until a button has the focus; each press must be seen.</summary>
    private async Task TabTo(string button)
    {
        const int Most = 40;
        for (var presses = 0; presses < Most; presses++)
        {
            await Page.Keyboard.PressAsync("Tab");
            if (await Page.EvaluateAsync<string>("document.activeElement.textContent") == button)
            {
                Assert.NotEqual("none", await Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
                return;
            }
        }

        Assert.Fail($"{Most} presses of Tab do not reach '{button}'.");
    }
}
