using System.Text;
using System.Text.RegularExpressions;
using RabbitMQ.Client;

namespace OrderPlatform.Ops.Tests;

public sealed class DeadLetterTests(OpsPlatform platform) : PageTest(platform)
{
    private const string StockReserved = "OrderPlatform.Contracts.Inventory:StockReserved";
    private const string Malicious = """{"orderId": "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"}""";

    private ILocator State => Page.Locator(".lead .state");

    [Fact]
    public async Task A_message_is_found_by_its_group_redriven_and_resolved()
    {
        // Confirming a rejected order is a contradiction; it is resolved when the status changes.
        var order = await PlaceWithoutInventory();
        await SetStatus(order, "Rejected");
        await Inventory.Start();
        await Filed(order);

        await Open(Orders, "");
        await Page.GetByRole(AriaRole.Link, new() { NameRegex = new("waiting for an operator") }).ClickAsync();
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
    public async Task A_body_is_shown_as_plain_text_and_edited_until_it_is_valid()
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

        await body.FillAsync(Reserved(order));
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await Says("The body was changed.");
        await Expect(Button("Edit…")).ToBeFocusedAsync();
        await Page.GetByText("Original body, before it was edited").ClickAsync();
        await Expect(Page.GetByRole(AriaRole.Region, new() { Name = "The original body" })).ToContainTextAsync("<script>");

        await Button("Redrive…").ClickAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive" }).ClickAsync();
        await Expect(State).ToHaveTextAsync("✓ resolved");
        await Shop.Becomes(order, "shipped");
    }

    [Fact]
    public async Task A_message_can_be_discarded_with_the_keyboard_alone()
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
        await Expect(Dialog.GetByText("This field is required.")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("Escape");
        await Expect(Button("Discard…")).ToBeFocusedAsync();

        await Page.Keyboard.PressAsync("Enter");
        await Page.Keyboard.TypeAsync("The message is unreadable");
        await Page.Keyboard.PressAsync("Tab");
        await Page.Keyboard.PressAsync("ArrowDown");
        await TabTo("Discard");
        await Page.Keyboard.PressAsync("Enter");

        await Says("The message was discarded.");
        await Expect(State).ToHaveTextAsync("× discarded");
        await Expect(Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeFocusedAsync();
        await Expect(Page.GetByRole(AriaRole.Table, new() { Name = "What was done" })).ToContainTextAsync("The message is unreadable");
    }

    [Fact]
    public async Task A_scheduled_message_shows_its_time_and_can_be_redriven_at_once()
    {
        var order = await PlaceWithoutInventory();
        Expected.Add("ERR_CONNECTION_REFUSED");
        await SendTo("orders_error", order, Reserved(order), ("MT-Fault-ExceptionType", "System.TimeoutException"));
        await Filed(order, "scheduled");

        await Open(Orders, "");
        await IsAccessible("scheduled-overview");
        await Page.GetByRole(AriaRole.Link, new() { NameRegex = new("\\b[1-9][0-9]* to be redriven") }).ClickAsync();
        var group = Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "TimeoutException" });
        await Expect(group).ToContainTextAsync("scheduled");
        await Expect(Page.GetByText("Scheduled messages are redriven at the time")).ToBeVisibleAsync();
        await IsAccessible("scheduled-groups");
        await group.GetByRole(AriaRole.Link).ClickAsync();
        var row = Page.GetByRole(AriaRole.Row).Filter(new() { HasText = $"{order}" });
        await Expect(row).ToContainTextAsync("will be redriven at 20");
        var all = Button("Redrive all that match…");
        await Expect(all).ToBeDisabledAsync();
        await Expect(all).ToHaveAccessibleDescriptionAsync(new Regex("Only waiting messages can be redriven together"));
        await IsAccessible("scheduled-list");

        await row.GetByRole(AriaRole.Link).ClickAsync();
        await Expect(Page.Locator(".lead")).ToContainTextAsync("automatically, to be redriven at 20");
        await Expect(Button("Edit…")).ToHaveCountAsync(0);
        await IsAccessible("scheduled-message");
        await Button("Redrive…").ClickAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive" }).ClickAsync();
        await Expect(State).ToHaveTextAsync("✓ resolved");
        await Inventory.Start();
        await Shop.Becomes(order, "shipped");
    }

    [Fact]
    public async Task A_redriven_message_without_news_for_five_minutes_can_be_redriven_again()
    {
        var order = Guid.NewGuid();
        await Send(order, "no JSON");
        await Filed(order);
        await Redriven("1 minute");
        await OpenMessage(order);
        await Expect(Page.Locator(".lead")).ToContainTextAsync("without a result, it can be redriven again at 20");
        await Expect(Button("Redrive…")).ToHaveCountAsync(0);

        await Redriven("6 minutes");
        await Expect(Page.Locator(".lead")).ToContainTextAsync("without a result since: it can be redriven again");
        await Button("Redrive…").ClickAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive" }).ClickAsync();
        await Says("The message will be redriven.");
        await Eventually.Is(async () => await Count($"attempts = 2 AND stream = '{order}'") == 1);

        async Task Redriven(string ago) => await Orders.Database.Scalar<int>(
            $"""
             UPDATE messaging.dead_letters
             SET state = 'redriven', redrive_at = now() - interval '{ago}', redriven_at = now() - interval '{ago}'
             WHERE stream = '{order}' RETURNING 1
             """);
    }

    [Fact]
    public async Task A_body_is_shown_as_it_was_written_and_edited_from_there()
    {
        var order = Guid.NewGuid();
        var body = $$"""{"orderId":"?","orderId":"{{order}}","number":9007199254740993,"price":1.10}""";
        await Send(order, body);
        await Filed(order);

        await OpenMessage(order);

        var shown = Page.GetByRole(AriaRole.Region, new() { Name = "The body" });
        Assert.Equal(
            $$"""
              {
                "orderId": "?",
                "orderId": "{{order}}",
                "number": 9007199254740993,
                "price": 1.10
              }
              """,
            await shown.TextContentAsync());
        await Button("Edit…").ClickAsync();
        await Expect(Dialog.GetByRole(AriaRole.Textbox, new() { Name = "Body" })).ToHaveValueAsync(body);
    }

    [Theory]
    [InlineData(
        """[ 1.0 ,-0, 1e400,"a , b : {}", null,[ ],{ } ]""",
        "[\n  1.0,\n  -0,\n  1e400,\n  \"a , b : {}\",\n  null,\n  [],\n  {}\n]")]
    [InlineData(
        """{"a":{"a":"\"\\","a":"\u00e9"}}""",
        "{\n  \"a\": {\n    \"a\": \"\\\"\\\\\",\n    \"a\": \"\\u00e9\"\n  }\n}")]
    [InlineData(" 1.10 ", "1.10")]
    [InlineData("{'no': JSON}", "{'no': JSON}")]
    [InlineData("", "")]
    public async Task Indenting_changes_no_token(string text, string indented)
    {
        await Open(Orders, "");

        Assert.Equal(indented, await Page.EvaluateAsync<string>("async text => (await import('/ops/assets/json.js')).indent(text)", text));
    }

    [Fact]
    public async Task A_body_nested_too_deeply_to_indent_is_shown_as_it_is()
    {
        await Open(Orders, "");
        var deep = new string('[', 200_000) + new string(']', 200_000);

        Assert.True(await Page.EvaluateAsync<bool>("async text => (await import('/ops/assets/json.js')).indent(text) === text", deep));
    }

    [Fact]
    public async Task Many_messages_are_redriven_together_after_a_dry_run()
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
        // In the card layout, a value of several parts stays beside its label.
        Assert.Equal(1, await Page.Locator("td[data-label=Exception]").First.EvaluateAsync<int>("cell => cell.childNodes.length"));

        await Page.GetByRole(AriaRole.Checkbox).Nth(1).CheckAsync();
        await Button("Redrive 1 selected…").ClickAsync();
        await Expect(Dialog.GetByText("Would redrive 1 message.")).ToBeVisibleAsync();
        await Page.Keyboard.PressAsync("Escape");

        await Button("Redrive all that match…").ClickAsync();
        await Expect(Dialog.GetByText("Would redrive 3 messages.")).ToBeVisibleAsync();
        await Dialog.GetByLabel("At most").FillAsync("2");
        await Dialog.GetByLabel("Messages per second").FillAsync("1000");
        await Page.Keyboard.PressAsync("Tab");
        await Expect(Dialog.GetByText("Would redrive 2 of 3 messages.")).ToBeVisibleAsync();
        await IsAccessible("redrive");
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Redrive 2 messages" }).ClickAsync();

        await Says("2 messages will be redriven.");
        await Eventually.Is(async () => await Count($"attempts = 2 AND {HasText(marker)}") == 2);
    }

    [Fact]
    public async Task The_operators_name_is_asked_for_only_once()
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

    /// <summary>An order that stays placed, because Inventory is stopped.</summary>
    private async Task<Guid> PlaceWithoutInventory()
    {
        var sku = await Shop.Stock(1);
        await Inventory.Stop();
        return await Shop.Place(sku);
    }

    private async Task SetStatus(Guid order, string status) =>
        await Orders.Database.Scalar<int>($"UPDATE orders SET status = '{status}' WHERE id = '{order}' RETURNING 1");

    /// <summary>A message in the queue of Orders, as if it came from Inventory.</summary>
    private Task Send(Guid order, string body) => SendTo("orders", order, body);

    private async Task SendTo(string queue, Guid order, string body, params (string Name, string Value)[] headers)
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
        foreach (var (name, value) in headers)
            properties.Headers[name] = value;
        await channel.BasicPublishAsync(queue, "", mandatory: true, properties, Encoding.UTF8.GetBytes(body));
    }

    private static string Reserved(Guid order) => $$"""{"orderId": "{{order}}", "reservedAt": "2026-01-31T12:00:00Z"}""";

    /// <summary>Waits until a dead letter of this order is filed in that state.</summary>
    private Task Filed(Guid order, string state = "waiting") =>
        Eventually.Is(async () => await Count($"state = '{state}' AND stream = '{order}'") == 1, description: "it is filed");

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
