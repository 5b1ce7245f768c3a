using OrderPlatform.DeploymentGenerator;

[assembly: AssemblyFixture(typeof(OrderPlatform.Ops.Tests.OpsPlatform))]

// The tests share two cores and one platform.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace OrderPlatform.Ops.Tests;

/// <summary>The services, configured as peers, and a browser; nothing is started if there is no browser.</summary>
public sealed class OpsPlatform : IAsyncLifetime
{
    private readonly Dictionary<string, Uri> addresses = ServiceList.Read(Repository.Path()).Services
        .ToDictionary(service => service.Project, _ => new Uri($"http://127.0.0.1:{Ports.Free()}"));

    public OpsPlatform() => Platform = new Platform { SettingsOf = SettingsOf, BeginsQuiet = false };

    public Platform Platform { get; }

    public Chromium Chromium { get; private set; } = null!;

    public IEnumerable<Uri> Addresses => addresses.Values;

    public async ValueTask InitializeAsync()
    {
        if (Chromium.Program is null)
            return;
        await Platform.InitializeAsync();
        Chromium = await Chromium.Start();
    }

    public async ValueTask DisposeAsync()
    {
        if (Chromium.Program is null)
            return;
        await Chromium.DisposeAsync();
        await Platform.DisposeAsync();
    }

    private (string Key, string Value)[] SettingsOf(string service) =>
    [
        ("ASPNETCORE_URLS", addresses[service].ToString()),
        ("Messaging__Retries", "0"),
        // Automatic redrives are delayed so that a test can look at scheduled messages.
        ("Messaging__DeadLetters__AutomaticBackoff", "00:10:00"),
        .. addresses.Select(address => ($"Ops__Peers__{address.Key.ToLowerInvariant()}", address.Value.ToString())),
    ];
}
