using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.Compose.Tests;

/// <summary>The platform as a newcomer starts it. Once for all of these tests, as it takes a while; and removed with its volumes.</summary>
public sealed class PlatformTests(PlatformTests.Containers containers) : IClassFixture<PlatformTests.Containers>
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(10) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_is_shipped()
    {
        await containers.Started();

        await AssertShips();
    }

    [Fact]
    public async Task Nobody_speaks_to_broker_and_database_without_TLS()
    {
        await containers.Started();

        var broker = await Compose.Try("exec", "-T", "rabbitmq", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5672");
        var database = await Compose.Try(
            "exec",
            "-T",
            "postgres",
            "psql",
            "host=127.0.0.1 user=orders dbname=orders sslmode=disable",
            "--no-password",
            "--command",
            "SELECT 1");

        Assert.Contains("Connection refused", broker.Output, StringComparison.Ordinal);
        Assert.Contains("no encryption", database.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_have_no_shell_and_are_not_root()
    {
        await containers.Started();

        foreach (var service in new[] { "orders", "inventory", "shipping" })
        {
            var shell = await Compose.Try("exec", "-T", service, "sh", "-c", "id");
            Assert.Contains("executable file not found", shell.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Three_instances_of_a_service_share_its_queue_and_its_port()
    {
        await containers.Started();

        await Compose.Run("up", "--detach", "--scale", "inventory=3");

        await Eventually.Is(
            async () => (await Broker("list_queues", "name", "consumers")).Contains("inventory\t3", StringComparison.Ordinal));
        await AssertShips();
        await Compose.Run("up", "--detach", "--scale", "inventory=1");
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("postgres")]
    public async Task Orders_get_through_when_a_server_was_restarted(string server)
    {
        await containers.Started();

        await Compose.Run("restart", server);

        await AssertShips();
    }

    [Fact]
    public async Task Starting_again_keeps_data_and_passwords()
    {
        await containers.Started();
        var logins = await Compose.Run("run", "--rm", "-T", "credentials", "show");
        var order = await AssertShips();

        await Compose.Run("down");
        await Compose.Run("up", "--detach");

        Assert.Equal(Passwords(logins), Passwords(await Compose.Run("run", "--rm", "-T", "credentials", "show")));
        await Eventually.Is(async () => await StatusOf(order) == "shipped", TimeSpan.FromMinutes(2));
        await AssertShips();
    }

    private static Task<string> Broker(params string[] command) =>
        Compose.Run(["exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", .. command]);

    private static IEnumerable<string> Passwords(string logins) =>
        logins.Split('\n').Where(line => line.Contains("password:", StringComparison.Ordinal));

    private static async Task<string> AssertShips()
    {
        string? order = null;
        await Eventually.Is(async () => (order ??= await Place()) is not null, TimeSpan.FromMinutes(2));
        await Eventually.Is(async () => await StatusOf(order!) == "shipped", TimeSpan.FromMinutes(2));
        return order!;
    }

    private static async Task<bool> Has(string sku)
    {
        using var response = await Http.GetAsync(new Uri(Compose.Inventory, $"/stock/{sku}"), Cancellation);
        return response.IsSuccessStatusCode;
    }

    private static async Task<string?> Place()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Compose.Orders, "/orders"))
        {
            Content = JsonContent.Create(new
            {
                customerId = "customer-7",
                lines = new[] { new { sku = "mug-white", quantity = 1 } },
                shippingAddress = new
                {
                    recipient = "Ada Lovelace",
                    street = "12 St James's Square",
                    city = "London",
                    postalCode = "SW1Y 4JH",
                    country = "GB",
                },
            }),
        };
        using var response = await Http.SendAsync(request, Cancellation);
        return response.StatusCode == HttpStatusCode.Created
            ? (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("orderId").GetString()
            : null;
    }

    private static async Task<string?> StatusOf(string order)
    {
        using var response = await Http.GetAsync(new Uri(Compose.Orders, $"/orders/{order}"), Cancellation);
        return response.IsSuccessStatusCode
            ? (await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).GetProperty("status").GetString()
            : null;
    }

    /// <summary>Built and started when a test first asks.</summary>
    public sealed class Containers : IAsyncLifetime
    {
        private readonly Lazy<Task> started = new(async () =>
        {
            await Compose.Run("down", "--volumes");
            await Compose.Run("build");
            await Compose.Run("up", "--detach");
            await Eventually.Is(async () => await Has("mug-white"), TimeSpan.FromMinutes(2));
        });

        public async Task Started()
        {
            await Compose.SkipWithoutEngine();
            await started.Value;
        }

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (started.IsValueCreated)
                await Compose.Try("down", "--volumes", "--remove-orphans");
        }
    }
}
