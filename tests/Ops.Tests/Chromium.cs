namespace OrderPlatform.Ops.Tests;

/// <summary>The machine's own Chromium, driven by Playwright; nothing is downloaded.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
        "--disable-component-update",
    ];

    /// <summary>The shell comes first: it draws no window and so needs half the processor time.</summary>
    private static readonly string[] Names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

    private readonly IPlaywright playwright;

    private Chromium(IPlaywright playwright, IBrowser browser) => (this.playwright, Browser) = (playwright, browser);

    /// <summary>Uses its own profile, which is deleted with it.</summary>
    public IBrowser Browser { get; }

    /// <summary>The path of the program; null if it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names, Path.Combine)
        .OrderBy(path => Array.IndexOf(Names, Path.GetFileName(path)))
        .FirstOrDefault(File.Exists);

    public static async Task<Chromium> Start()
    {
        var playwright = await Playwright.CreateAsync();
        var options = new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Args = Flags,
            Timeout = (float)Eventually.Guard.TotalMilliseconds,
        };
        return new Chromium(playwright, await playwright.Chromium.LaunchAsync(options));
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        playwright.Dispose();
    }
}
