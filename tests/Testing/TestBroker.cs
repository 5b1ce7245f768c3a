using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace OrderPlatform.Testing;

/// <summary>A fresh virtual host on the broker; disposing it deletes its queues, users and connections.</summary>
public sealed class TestBroker : IAsyncDisposable
{
    /// <summary>An address where no broker answers.</summary>
    public static readonly Uri Nowhere = new("amqp://nobody:nothing@127.0.0.1:1/");

    private readonly HttpClient management;
    private readonly List<string> users = [];

    private TestBroker(HttpClient management, Uri amqp, string vhost)
    {
        (this.management, Vhost) = (management, vhost);
        Uri = new UriBuilder(amqp) { Path = vhost }.Uri;
    }

    public string Vhost { get; }

    /// <summary>As the server's administrator.</summary>
    public Uri Uri { get; }

    /// <param name="definitions">
    /// A RabbitMQ definitions file: its exchanges, queues, bindings and policies are created in the new virtual host, its users are not.
    /// </param>
    /// <param name="server">The server; by default, the one that all tests share.</param>
    public static async Task<TestBroker> CreateVhost(string? definitions = null, BrokerServer? server = null)
    {
        server ??= await TestServers.Broker();
        var management = new HttpClient { BaseAddress = new UriBuilder(server.Management) { UserName = "", Password = "" }.Uri }.Patient();
        management.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(server.Management.UserInfo))));

        var broker = new TestBroker(management, server.Amqp, $"test-{Guid.NewGuid():N}");
        await broker.Put($"api/vhosts/{broker.Vhost}", new { });
        await broker.Allow(Uri.UnescapeDataString(server.Amqp.UserInfo.Split(':')[0]), ".*", ".*", ".*");
        if (definitions is not null)
            await broker.Import(await File.ReadAllTextAsync(definitions));
        return broker;
    }

    /// <summary>Creates the exchanges, queues, bindings and policies of a definitions file.</summary>
    public async Task Import(string definitions)
    {
        using var content = new StringContent(definitions, Encoding.UTF8, "application/json");
        using var response = await management.PostAsync(new Uri($"api/definitions/{Vhost}", UriKind.Relative), content);
        await Succeeded(response);
    }

    /// <summary>A user of this virtual host with the given permissions (regular expressions).</summary>
    /// <returns>The broker's address, with that user's credentials.</returns>
    public async Task<Uri> AddUser(string configure, string write, string read)
    {
        var (user, password) = ($"{Vhost}-{users.Count}", Guid.NewGuid().ToString("N"));
        await Put($"api/users/{user}", new { password, tags = "" });
        users.Add(user);
        await Allow(user, configure, write, read);
        return new UriBuilder(Uri) { UserName = user, Password = password }.Uri;
    }

    /// <summary>A user of this virtual host with the permissions that a definitions file gives to the user of that name.</summary>
    /// <returns>The broker's address, with that user's credentials.</returns>
    public Task<Uri> AddUser(string definitions, string name)
    {
        var permissions = JsonDocument.Parse(definitions).RootElement.GetProperty("permissions").EnumerateArray()
            .Single(permission => permission.GetProperty("user").GetString() == name);
        return AddUser(
            permissions.GetProperty("configure").GetString()!,
            permissions.GetProperty("write").GetString()!,
            permissions.GetProperty("read").GetString()!);
    }

    /// <summary>Ends all connections to this virtual host, as a broker that shuts down does.</summary>
    public async Task CloseConnections()
    {
        // The broker lists a new connection before it reveals its name.
        JsonElement[] connections = [];
        await Eventually.Is(async () =>
            (connections = [.. (await Ask("vhosts/{vhost}/connections"))!.Value.EnumerateArray()])
                .All(connection => connection.TryGetProperty("name", out _)));
        foreach (var connection in connections)
        {
            var name = Uri.EscapeDataString(connection.GetProperty("name").GetString()!);
            (await management.DeleteAsync(new Uri($"api/connections/{name}", UriKind.Relative))).Dispose();
        }
    }

    /// <summary>The management API's answer at a path such as <c>queues/{vhost}/orders</c>; null when it answers 404.</summary>
    public async Task<JsonElement?> Ask(string path)
    {
        path = path.Replace("{vhost}", Vhost, StringComparison.Ordinal);
        using var response = await management.GetAsync(new Uri($"api/{path}", UriKind.Relative));
        if (response.StatusCode == System.Net.HttpStatusCode.NotFound)
            return null;
        await Succeeded(response);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async ValueTask DisposeAsync()
    {
        (await management.DeleteAsync(new Uri($"api/vhosts/{Vhost}", UriKind.Relative))).Dispose();
        foreach (var user in users)
            (await management.DeleteAsync(new Uri($"api/users/{user}", UriKind.Relative))).Dispose();
        management.Dispose();
    }

    private Task Allow(string user, string configure, string write, string read) =>
        Put($"api/permissions/{Vhost}/{user}", new { configure, write, read });

    private async Task Put<T>(string path, T body)
    {
        using var response = await management.PutAsJsonAsync(new Uri(path, UriKind.Relative), body);
        await Succeeded(response);
    }

    private static async Task Succeeded(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
            return;
        var body = await response.Content.ReadAsStringAsync();
        throw new HttpRequestException($"{response.RequestMessage?.RequestUri}: {response.StatusCode}: {body}");
    }
}
