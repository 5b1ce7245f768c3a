using System.Collections.Concurrent;
using Deque.AxeCore.Commons;

namespace OrderPlatform.Ops.Tests;

/// <summary>
/// A test in a fresh browser window, by an operator called Ada; skipped if there is no browser. Fails if the page reported an error or sent
/// a request to anything but the services. <c>SCREENSHOTS</c> names a directory for screenshots.
/// </summary>
public abstract class PageTest(OpsPlatform platform) : PlatformTest(platform.Platform)
{
    private const string FindViolations =
        """
        async options => (await axe.run(document, JSON.parse(options))).violations.map(
            violation => `${violation.id}: ${violation.help} ${violation.nodes.map(node => node.html).join('; ')}`)
        """;

    // Passed checks are left out of the report: listing them takes longer than checking. target-size is off by default, because it is new
    // in WCAG 2.2.
    private const string AllRules = """{ "resultTypes": ["violations"], "rules": { "target-size": { "enabled": true } } }""";

    private const string RulesOnLooks =
        """
        {
            "resultTypes": ["violations"],
            "runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
        }
        """;

    private static readonly string Axe = new BundledAxeScriptProvider().GetScript();

    private readonly ConcurrentQueue<string> complaints = [];
    private IBrowserContext? context;

    protected IPage Page { get; private set; } = null!;

    /// <summary>Parts of browser errors that a test provokes on purpose.</summary>
    protected List<string> Expected { get; } = [];

    public override async ValueTask InitializeAsync()
    {
        if (Chromium.Program is null)
            Assert.Skip("Chromium is not installed.");
        await base.InitializeAsync();
        context = await platform.Chromium.Browser.NewContextAsync(new() { ViewportSize = new() { Width = 1280, Height = 900 } });
        await context.AddInitScriptAsync("localStorage.getItem('operator') ?? localStorage.setItem('operator', 'Ada')");
        var guard = (float)Eventually.Guard.TotalMilliseconds;
        context.SetDefaultTimeout(guard);
        SetDefaultExpectTimeout(guard);
        Page = await context.NewPageAsync();
        Page.PageError += (_, error) => complaints.Enqueue(error);
        Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                complaints.Enqueue($"{message.Text} ({message.Location})");
        };
        Page.Request += (_, request) =>
        {
            if (!platform.Addresses.Any(address => address.IsBaseOf(new Uri(request.Url))))
                complaints.Enqueue($"Request to {request.Url}");
        };
    }

    protected override async Task EndTest()
    {
        if (context is not null)
            await context.DisposeAsync();
        Assert.DoesNotContain(complaints, complaint => !Expected.Exists(complaint.Contains));
    }

    /// <summary>Opens a service's page at a view, such as <c>dead-letters</c>.</summary>
    protected async Task Open(Service service, string view)
    {
        await Page.GotoAsync(new Uri(service.Http.BaseAddress!, $"ops#/{view}").ToString());
        await Expect(Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();
    }

    protected ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    protected ILocator Link(string name) => Page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true });

    protected ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    /// <summary>Asserts that the page shows a notification.</summary>
    protected Task Says(string text) => Expect(Page.Locator("#news")).ToContainTextAsync(text);

    /// <summary>
    /// Checks WCAG 2.2 AA, as far as a program can: all rules in the wide, light layout, and those about looks again in the narrow, dark
    /// one. Takes a screenshot of each.
    /// </summary>
    protected async Task IsAccessible(string picture)
    {
        foreach (var (width, scheme, rules) in new[] { (1280, ColorScheme.Light, AllRules), (360, ColorScheme.Dark, RulesOnLooks) })
        {
            await Page.SetViewportSizeAsync(width, 900);
            await Page.EmulateMediaAsync(new() { ColorScheme = scheme });
            if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } directory)
                await Page.ScreenshotAsync(new() { Path = Path.Combine(directory, $"{picture}-{width}-{scheme}.png"), FullPage = true });
            Assert.Equal(0, await Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
            if (!await Page.EvaluateAsync<bool>("'axe' in window"))
                await Page.EvaluateAsync(Axe);
            var violations = await Page.EvaluateAsync<string[]>(FindViolations, rules);
            Assert.True(violations.Length == 0, $"{picture}, {width} px, {scheme}:\n{string.Join('\n', violations)}");
        }

        await Page.SetViewportSizeAsync(1280, 900);
    }
}
