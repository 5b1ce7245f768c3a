using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Compose.Tests;

/// <summary>The platform as a newcomer starts it. Started once for all of these tests, and removed with its volumes.</summary>
public sealed class PlatformTests(PlatformTests.Containers containers) : IClassFixture<PlatformTests.Containers>
{
    /// <summary>The final statuses of orders that are never reported as delivered.</summary>
    private static readonly string[] Ends = ["shipped", "rejected", "cancelled"];

    /// <summary>As in <c>deploy/prometheus/prometheus.yml</c>.</summary>
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(15);

    private static readonly HttpClient Http = new HttpClient().Patient();

    public static TheoryData<string> Services => [.. Compose.Services];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_is_shipped()
    {
        await containers.Started();

        await AssertShips();
    }

    [Fact]
    public async Task Every_container_becomes_healthy()
    {
        await containers.Started();

        await AssertHealthy();
    }

    /// <summary>A health check that looks only at its own process would not notice.</summary>
    [Theory]
    [InlineData("gateway", "shipping")]
    [InlineData("postgres-exporter", "postgres")]
    public async Task A_container_is_unhealthy_without_the_one_it_depends_on(string container, string other)
    {
        await containers.Started();
        await AssertHealthy();

        await Compose.Run("stop", other);
        await Eventually.Is(async () => (await Compose.Health()).Contains($"{container} unhealthy"));

        await Compose.Run("start", other);
        await AssertHealthy();
    }

    [Fact]
    public async Task Broker_and_database_refuse_connections_without_TLS()
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

    [Theory]
    [MemberData(nameof(Services))]
    public async Task A_service_has_no_shell_no_root_and_no_writable_files(string service)
    {
        await containers.Started();

        var shell = await Compose.Try("exec", "-T", service, "sh", "-c", "id");
        Assert.Contains("executable file not found", shell.Output, StringComparison.Ordinal);
        var users = await Compose.Inspect(service, "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}");
        Assert.All(users, user => Assert.Matches(@"^[1-9]\d* true \[ALL\]$", user));
    }

    [Fact]
    public async Task Prometheus_reaches_all_of_its_targets()
    {
        await containers.Started();

        using var prometheus = new PrometheusServer(Compose.Prometheus);
        string[] watched = [.. Compose.Services.Concat(["postgres", "prometheus", "rabbitmq"]).Order(StringComparer.Ordinal)];
        await Eventually.Is(
            async () => (await prometheus.Query("min by (job) (up)")).Where(target => target.Value == 1)
                .Select(target => target.Labels["job"]).Order(StringComparer.Ordinal).SequenceEqual(watched));
        await Eventually.Is(async () => (await prometheus.Query("pg_up")).Any(up => up.Value == 1));
    }

    [Fact]
    public async Task Every_dashboard_query_returns_data_under_load()
    {
        await containers.Started();

        using var prometheus = new PrometheusServer(Compose.Prometheus);
        await UnderLoad(async () =>
        {
            foreach (var (panel, expression) in Dashboards.Names.SelectMany(Dashboards.Queries))
            {
                var query = PromQl.AsSent(expression, ScrapeInterval);
                await Eventually.Is(
                    async () => (await prometheus.Query(query)).Any(sample => !double.IsNaN(sample.Value)),
                    $"'{panel}' has data: {query}");
            }
        });
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
    public async Task Orders_are_shipped_after_a_server_restart(string server)
    {
        await containers.Started();

        await Compose.Run("restart", server);

        await AssertShips();
    }

    /// <summary>Orders cannot query the length of Inventory's queue: the broker refuses without a permission for it.</summary>
    [Fact]
    public async Task A_replay_to_another_service_sends_every_event_and_ships_nothing_twice()
    {
        await containers.Started();
        var order = await AssertShips();

        using var response = await Http.PostAsJsonAsync(new Uri(Compose.Orders, "/ops/replays"), new { queue = "inventory" }, Cancellation);
        response.EnsureSuccessStatusCode();
        var job = new Uri(Compose.Orders, response.Headers.Location!);
        JsonElement replay = default;
        await Eventually.Is(
            async () => (replay = await Http.GetFromJsonAsync<JsonElement>(job, Cancellation)).GetProperty("state").GetString() is
                "completed" or "failed");

        Assert.Equal("completed", replay.GetProperty("state").GetString());
        Assert.Equal(replay.GetProperty("total").GetInt64(), replay.GetProperty("sent").GetInt64());
        Assert.InRange(replay.GetProperty("sent").GetInt64(), 1, long.MaxValue);
        Assert.Equal(500, replay.GetProperty("effectivePerSecond").GetInt32());
        await Eventually.Is(
            async () => (await Broker("list_queues", "name", "messages")).Split('\n').Contains("inventory\t0"));
        Assert.Equal("shipped", await StatusOf(order));
    }

    [Fact]
    public async Task Orders_are_accepted_while_the_broker_is_down_and_shipped_afterwards()
    {
        await containers.Started();
        await AssertHealthy();

        string? order;
        await Compose.Run("stop", "rabbitmq");
        try
        {
            await Eventually.Is(async () => (await Compose.Health()).Contains("orders unhealthy"));
            order = await Place();
        }
        finally
        {
            await Compose.Run("start", "rabbitmq");
        }

        Assert.NotNull(order);
        await Eventually.Is(async () => await StatusOf(order) == "shipped");
        await AssertHealthy();
    }

    [Fact]
    public async Task The_load_generator_places_orders_and_has_some_rejected_and_some_cancelled()
    {
        await containers.Started();

        await UnderLoad(async () =>
        {
            var before = await Outcomes();
            foreach (var outcome in Ends)
                await Eventually.Is(async () => await Count(outcome) > before[outcome], outcome);

            var placed = await Count("placed");
            await Eventually.Is(async () => await Count("placed") > placed);
            await Eventually.Is(async () => (await Compose.Health()).Contains("load healthy"));
        });
    }

    [Fact]
    public async Task Every_order_completes_despite_a_broker_restart_under_load()
    {
        await containers.Started();
        var before = (await LoadOrders()).Count;

        await UnderLoad(async () =>
        {
            await ShipsMore();
            var placed = await Count("placed");
            await Compose.Run("restart", "rabbitmq");
            Assert.True(await Count("placed") > placed, "The broker was not restarted under load.");
            await ShipsMore();
        });

        await Eventually.Is(async () => (await LoadOrders()).All(Ends.Contains));
        Assert.InRange((await LoadOrders()).Count - before, await AcceptedByLoad(), int.MaxValue);

        async Task ShipsMore()
        {
            var shipped = await Count("shipped");
            await Eventually.Is(async () => await Count("shipped") > shipped);
        }
    }

    [Fact]
    public async Task A_restart_keeps_data_and_passwords()
    {
        await containers.Started();
        var logins = await Compose.Run("run", "--rm", "-T", "credentials", "show");
        var order = await AssertShips();

        await Compose.Run("down");
        await Compose.Run("up", "--detach");

        Assert.Equal(Passwords(logins), Passwords(await Compose.Run("run", "--rm", "-T", "credentials", "show")));
        await Eventually.Is(async () => await StatusOf(order) == "shipped");
        await AssertShips();
    }

    [Fact]
    public async Task A_restart_without_the_volumes_loses_data_and_passwords()
    {
        await containers.Started();
        var logins = await Compose.Run("run", "--rm", "-T", "credentials", "show");
        var order = await AssertShips();

        await Compose.Run("--profile", "load", "down", "--volumes");
        await Compose.Run("up", "--detach");

        await AssertShips();
        Assert.Null(await StatusOf(order));
        Assert.Empty(Passwords(logins).Intersect(Passwords(await Compose.Run("run", "--rm", "-T", "credentials", "show"))));
    }

    private static Task<string> Broker(params string[] command) =>
        Compose.Run(["exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", .. command]);

    /// <summary>Runs a test while the load generator places orders.</summary>
    private static async Task UnderLoad(Func<Task> test)
    {
        await Compose.Run("--profile", "load", "up", "--detach", "load");
        try
        {
            await test();
        }
        finally
        {
            await Compose.Run("--profile", "load", "stop", "load");
        }
    }

    /// <summary>As counted by the load generator when it was last stopped.</summary>
    private static async Task<int> AcceptedByLoad() => int.Parse(
        Regex.Matches(await Compose.Run("--profile", "load", "logs", "--no-color", "load"), @"Stopped\. placed (\d+)")[^1].Groups[1].Value,
        CultureInfo.InvariantCulture);

    /// <summary>How often each outcome has occurred since Orders started.</summary>
    private static async Task<Dictionary<string, double>> Outcomes()
    {
        var metrics = await Scrape.Of(Http, Compose.Orders);
        return Ends.Append("placed")
            .ToDictionary(outcome => outcome, outcome => metrics[$"orders_outcomes_total{{outcome=\"{outcome}\"}}"] ?? 0);
    }

    private static async Task<double> Count(string outcome) => (await Outcomes())[outcome];

    /// <summary>The status of every order that the load generator ever placed.</summary>
    private static async Task<List<string>> LoadOrders()
    {
        var orders = new List<string>();
        string? after = null;
        do
        {
            var page = await Http.GetFromJsonAsync<JsonElement>(
                new Uri(Compose.Orders, $"/orders?limit=200{(after is null ? "" : $"&after={after}")}"), Cancellation);
            orders.AddRange(
                from order in page.GetProperty("items").EnumerateArray()
                where order.GetProperty("customerId").GetString()!.StartsWith("load-", StringComparison.Ordinal)
                select order.GetProperty("status").GetString()!);
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);
        return orders;
    }

    private static Task AssertHealthy() => Eventually.Is(
        async () => await Compose.Health() is { Length: > 0 } health
            && health.All(one => one.EndsWith(" healthy", StringComparison.Ordinal)));

    private static IEnumerable<string> Passwords(string logins) =>
        logins.Split('\n').Where(line => line.Contains("password:", StringComparison.Ordinal));

    private static async Task<string> AssertShips()
    {
        string? order = null;
        await Eventually.Is(async () => (order ??= await Place()) is not null);
        await Eventually.Is(async () => await StatusOf(order!) == "shipped");
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
            Content = SampleOrder.Of(("mug-white", 1)),
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
            await Compose.Run("--profile", "load", "down", "--volumes");
            await Compose.Run("--profile", "load", "build");
            await Compose.Run("up", "--detach");
            await Eventually.Is(async () => await Has("mug-white"));
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
                await Compose.Try("--profile", "load", "down", "--volumes", "--remove-orphans");
        }
    }
}
