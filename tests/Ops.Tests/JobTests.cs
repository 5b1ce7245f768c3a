namespace OrderPlatform.Ops.Tests;

public sealed class JobTests(OpsPlatform platform) : PageTest(platform)
{
    [Fact]
    public async Task A_replay_is_previewed_started_paused_resumed_and_cancelled()
    {
        // At one event per second, this replay runs longer than any machine needs to pause and to cancel it.
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Shop.Place("cable")));
        await Open(Orders, "replays");

        await Button("Start a replay…").ClickAsync();
        await Dialog.GetByLabel("Queue").FillAsync("inventory");
        await Dialog.GetByLabel("Only these events").FillAsync("OrderPlaced");
        await Dialog.GetByLabel("Events per second").FillAsync("1");
        await Page.Keyboard.PressAsync("Tab");
        await Expect(Dialog.GetByText("events to inventory.")).ToBeVisibleAsync();
        await IsAccessible("replay-start");
        await Dialog.GetByRole(AriaRole.Button, new() { NameRegex = new("^Send .* events$") }).ClickAsync();
        await Says("The replay to inventory has started.");

        var job = Page.GetByRole(AriaRole.Listitem).First;
        await Expect(job.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Eventually.Is(async () => await job.Locator("progress").EvaluateAsync<double>("bar => bar.value") >= 1);
        await Move("Pause", "Pause", "The replay is paused.");
        await Expect(job.Locator(".state")).ToContainTextAsync("paused");
        await IsAccessible("replays");
        await Move("Resume", "Resume", "The replay continues.");
        await Expect(job.Locator(".state")).ToContainTextAsync("running");
        await Move("Cancel", "Cancel the replay", "The replay was cancelled.");
        await Expect(job.Locator(".state")).ToContainTextAsync("cancelled");
        await Expect(job.GetByRole(AriaRole.Button)).ToHaveCountAsync(0);

        async Task Move(string action, string confirm, string news)
        {
            await job.GetByRole(AriaRole.Button, new() { Name = $"{action} the replay to inventory" }).ClickAsync();
            await Dialog.GetByRole(AriaRole.Button, new() { Name = confirm, Exact = true }).ClickAsync();
            await Says(news);
        }
    }

    [Fact]
    public async Task A_refused_request_shows_the_reason_beside_the_field()
    {
        await Shop.Becomes(await Shop.Place(await Shop.Stock(1)), "shipped");
        await Open(Orders, "replays");
        Expected.Add("400 (Bad Request)");
        await Button("Start a replay…").ClickAsync();
        await Dialog.GetByLabel("Queue").FillAsync("inventory");
        await Page.Keyboard.PressAsync("Tab");
        await Expect(Dialog.GetByText("events to inventory.")).ToBeVisibleAsync();
        await Dialog.GetByLabel("Only these events").FillAsync("OrderEaten");
        await Page.Keyboard.PressAsync("Tab");

        await Expect(Dialog.Locator("#field-types-error")).ToContainTextAsync("OrderEaten");
        await Expect(Dialog.GetByRole(AriaRole.Button, new() { Name = "Start" })).ToBeDisabledAsync();
    }

    [Fact]
    public async Task A_rebuild_shows_where_a_row_differs_from_its_events()
    {
        var order = await Shop.Place(await Shop.Stock(1));
        await Shop.Becomes(order, "shipped");
        await Orders.Database.Scalar<int>($"UPDATE orders SET status = 'Placed' WHERE id = '{order}' RETURNING 1");
        await Open(Orders, "rebuilds");

        await Button("Start a rebuild…").ClickAsync();
        await Dialog.GetByLabel("repair the rows that differ from their events").CheckAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await Says("The rebuild has started.");
        await Page.GetByRole(AriaRole.Row).Nth(1).GetByRole(AriaRole.Link).ClickAsync();

        await Expect(Page.Locator(".lead .state")).ToHaveTextAsync("✓ completed");
        var difference = Page.GetByRole(AriaRole.Row).Filter(new() { HasText = $"{order}" });
        await Expect(difference).ToContainTextAsync("row and events differ");
        await Expect(difference).ToContainTextAsync("placed in the row, shipped according to its events");
        await IsAccessible("rebuild");
        Assert.Equal("shipped", await Shop.Status(order));
    }
}
