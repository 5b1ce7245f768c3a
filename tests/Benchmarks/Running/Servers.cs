using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace OrderPlatform.Benchmarks.Running;

/// <summary>
/// The private PostgreSQL and RabbitMQ, which <c>tests/bench</c> has started with <c>deploy/local/servers</c>, and what each run
/// needs on them: fresh databases, roles, users, a fresh virtual host.
/// </summary>
internal sealed class Servers : IDisposable
{
    private const string Vhost = "benchmark";

    private readonly string directory = Variable("TEST_SERVERS_DIR");
    private readonly string control = Variable("TEST_SERVERS_CONTROL");
    private readonly string repository = Variable("BENCH_REPOSITORY");
    private readonly NpgsqlConnectionStringBuilder postgres = new(Variable("TEST_POSTGRES")) { Pooling = false };
    private readonly Uri amqp = new(Variable("TEST_RABBITMQ"));
    private readonly string password = Guid.NewGuid().ToString("N");
    private readonly HttpClient management;

    public Servers()
    {
        var address = new Uri(Variable("TEST_RABBITMQ_MANAGEMENT"));
        management = new HttpClient { BaseAddress = new UriBuilder(address) { UserName = "", Password = "" }.Uri };
        management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));
    }

    /// <summary>Where logs are written.</summary>
    public string Logs => Path.Combine(directory, "log");

    public int PostgresPid => PidOf("postgres");

    public int RabbitMqPid => PidOf("rabbitmq");

    /// <summary>Commit times tell when an order was Shipped, to the microsecond and without polling.</summary>
    public async Task KeepCommitTimes(CancellationToken stoppingToken)
    {
        if (await Ask("SHOW track_commit_timestamp", stoppingToken) is "on")
            return;
        await Execute(postgres.ConnectionString, "ALTER SYSTEM SET track_commit_timestamp = on", stoppingToken);
        await Control(["restart", "postgres"], stoppingToken);
    }

    /// <summary>Deletes what the previous run has left, and creates everything again, as <c>deploy/</c> does.</summary>
    public async Task MakeFresh(CancellationToken stoppingToken)
    {
        foreach (var service in Services.Names)
        {
            await Execute(postgres.ConnectionString, $"DROP DATABASE IF EXISTS {service} WITH (FORCE)", stoppingToken);
            await Execute(postgres.ConnectionString, $"DROP ROLE IF EXISTS {service}", stoppingToken);
            await Execute(postgres.ConnectionString, $"CREATE ROLE {service} LOGIN PASSWORD '{password}'", stoppingToken);
            await Execute(postgres.ConnectionString, $"CREATE DATABASE {service} OWNER {service}", stoppingToken);
        }

        await Execute(postgres.ConnectionString, "CHECKPOINT", stoppingToken);
        (await management.DeleteAsync(new Uri($"api/vhosts/{Vhost}", UriKind.Relative), stoppingToken)).Dispose();
        await Put($"api/vhosts/{Vhost}", new { }, stoppingToken);
        await Put($"api/permissions/{Vhost}/{amqp.UserInfo.Split(':')[0]}", new { configure = ".*", write = ".*", read = ".*" }, stoppingToken);
        var definitions = await File.ReadAllTextAsync(Path.Combine(repository, "deploy/rabbitmq/definitions.json"), stoppingToken);
        foreach (var permission in JsonDocument.Parse(definitions).RootElement.GetProperty("permissions").EnumerateArray())
        {
            var user = permission.GetProperty("user").GetString();
            await Put($"api/users/{user}", new { password, tags = "" }, stoppingToken);
            await Put($"api/permissions/{Vhost}/{user}", permission, stoppingToken);
        }

        using var content = new StringContent(definitions, Encoding.UTF8, "application/json");
        using var response = await management.PostAsync(new Uri($"api/definitions/{Vhost}", UriKind.Relative), content, stoppingToken);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>A service's database, as its own role.</summary>
    public string Database(string service) =>
        $"Host={postgres.Host};Port={postgres.Port};Database={service};Username={service};Password={password}";

    /// <summary>A service's database, as the superuser.</summary>
    public string DatabaseAsAdministrator(string service) =>
        new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = service }.ConnectionString;

    /// <summary>The broker, as the service's own user.</summary>
    public string Broker(string service) => new UriBuilder(amqp) { UserName = service, Password = password, Path = Vhost }.Uri.ToString();

    /// <summary>How many messages are in each queue.</summary>
    public async Task<Dictionary<string, int>> QueueDepths(CancellationToken stoppingToken)
    {
        var queues = await management.GetFromJsonAsync<JsonElement>(new Uri($"api/queues/{Vhost}", UriKind.Relative), stoppingToken);
        return queues.EnumerateArray().ToDictionary(
            queue => queue.GetProperty("name").GetString()!,
            queue => queue.TryGetProperty("messages", out var messages) ? messages.GetInt32() : 0);
    }

    public Task StopBroker(CancellationToken stoppingToken) => Control(["stop", "rabbitmq"], stoppingToken);

    /// <summary>Returns when it answers.</summary>
    public Task StartBroker(CancellationToken stoppingToken) => Control(["start", "rabbitmq"], stoppingToken);

    public async Task<string> PostgresVersion(CancellationToken stoppingToken) => (await Ask("SHOW server_version", stoppingToken)).Split(' ')[0];

    public async Task<string> RabbitMqVersion(CancellationToken stoppingToken) =>
        (await management.GetFromJsonAsync<JsonElement>(new Uri("api/overview", UriKind.Relative), stoppingToken))
            .GetProperty("rabbitmq_version").GetString()!;

    /// <summary>The settings that decide whether a commit is durable.</summary>
    public async Task<string> Durability(CancellationToken stoppingToken) =>
        $"fsync {await Ask("SHOW fsync", stoppingToken)}, synchronous_commit {await Ask("SHOW synchronous_commit", stoppingToken)}, "
        + $"full_page_writes {await Ask("SHOW full_page_writes", stoppingToken)}";

    public static async Task Execute(string database, string sql, CancellationToken stoppingToken)
    {
        // Not pooled: the next run drops the database.
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(stoppingToken);
    }

    public void Dispose() => management.Dispose();

    private async Task<string> Ask(string sql, CancellationToken stoppingToken)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync(stoppingToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync(stoppingToken))!;
    }

    private async Task Put<T>(string path, T body, CancellationToken stoppingToken)
    {
        using var response = await management.PutAsJsonAsync(new Uri(path, UriKind.Relative), body, stoppingToken);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{path}: {response.StatusCode}: {await response.Content.ReadAsStringAsync(stoppingToken)}");
    }

    private async Task Control(string[] words, CancellationToken stoppingToken)
    {
        using var process = Process.Start(new ProcessStartInfo(control, [.. words, "--dir", directory]))!;
        await process.WaitForExitAsync(stoppingToken);
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"deploy/local/servers {string.Join(' ', words)} failed.");
    }

    private int PidOf(string server) =>
        int.Parse(File.ReadAllText(Path.Combine(directory, "run", $"{server}.pid")).Split(' ')[0], CultureInfo.InvariantCulture);

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set: run tests/bench instead.");
}
