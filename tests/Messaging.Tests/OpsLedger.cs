using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests;

/// <summary>The ledger with its HTTP, and with more queues.</summary>
public sealed partial class LedgerHost
{
    public HttpClient Http { get; private init; } = null!;

    public static async Task<LedgerHost> StartWithOps(
        TestDatabase database, Uri broker, Action<MessagingBuilder> more, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(
            settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)))
        {
            ["ConnectionStrings:Database"] = database.ConnectionString,
            ["ConnectionStrings:Broker"] = broker.ToString(),
            ["Messaging:JobPollInterval"] = "00:00:00.050",
        });
        builder.AddMessaging<LedgerDb>("ledger", messaging =>
        {
            AddEvents(messaging);
            more(messaging);
        });
        var app = builder.Build();
        app.MapOps();
        await CreateSchema(database);
        await app.StartAsync();
        await app.Services.GetRequiredService<DatabaseStartup>().Ready;
        return new LedgerHost(app) { Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) } };
    }

    /// <summary>Asks for a job.</summary>
    /// <returns>Its address.</returns>
    public async Task<string> StartJob(string path, object request)
    {
        using var response = await Http.PostAsJsonAsync(path, request);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, response.StatusCode);
        return response.Headers.Location!.ToString();
    }

    public Task<JsonElement> Job(string address) => Http.GetFromJsonAsync<JsonElement>(address);

    /// <summary>The job when it is in a state.</summary>
    public async Task<JsonElement> JobBecomes(string address, string state, TimeSpan? timeout = null)
    {
        JsonElement job = default;
        await Eventually.Is(
            async () => (job = await Job(address)).GetProperty("state").GetString() is { } now
                && (now == state || (now == "failed" ? throw new InvalidOperationException(job.ToString()) : false)),
            timeout,
            $"{address} is {state}");
        return job;
    }
}

public abstract partial class LedgerTest
{
    protected Task<LedgerHost> StartOps(params (string Key, string Value)[] settings) => StartOps(_ => { }, settings);

    protected async Task<LedgerHost> StartOps(Action<MessagingBuilder> more, params (string Key, string Value)[] settings)
    {
        var host = await LedgerHost.StartWithOps(Database, Broker.Uri, more, settings);
        hosts.Add(host);
        return host;
    }
}
