using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Relay;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;
using Xunit;

namespace OrderPlatform.Messaging.Testing;

/// <summary>One running instance of the sample service.</summary>
public sealed class SampleHost : IAsyncDisposable
{
    private readonly IHost host;

    private SampleHost(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;

    /// <summary>Calls an instance that was started <see cref="SampleServiceBuilder.WithHttp"/>.</summary>
    public HttpClient Http { get; } = new HttpClient().Patient();

    internal RecordingObserver RecordingObserver => (RecordingObserver)host.Services.GetRequiredService<IEventObserver>();

    public TransactionBatcher Batcher => host.Services.GetRequiredService<TransactionBatcher>();

    internal RetentionWorker Retention => host.Services.GetRequiredService<RetentionWorker>();

    internal ArchiveReader Archive => host.Services.GetRequiredService<ArchiveReader>();

    internal EventRelay Relay => host.Services.GetRequiredService<EventRelay>();

    internal ReceiveQueue Queue => host.Services.GetRequiredService<MessageReceiver>().QueueOf("ledger");

    internal InboxTransaction Transaction => host.Services.GetRequiredService<InboxTransaction>();

    internal static async Task<SampleHost> Start(IHost host)
    {
        var service = new SampleHost(host);
        try
        {
            await host.StartAsync();
            await host.Services.GetRequiredService<DatabaseStartup>().Ready.WaitAsync(Eventually.Guard);
            if (host is WebApplication app)
                service.Http.BaseAddress = new Uri(app.Urls.First());
            return service;
        }
        catch
        {
            // It may not have started, so it is not stopped.
            await service.Release();
            throw;
        }
    }

    public Task Open(Guid account) => Append(account, new Opened(account));

    public Task Deposit(Guid account, int amount) => Append(account, new Deposited(account, amount));

    /// <summary>Appends an event to an account's stream; the account begins with its first.</summary>
    public Task Append(Guid account, object @event) => Batcher.Run(
        rows => rows.Add<Account>(account),
        unit =>
        {
            var row = unit.Find<Account>(account);
            if (row is null)
                unit.Add(row = new Account { Id = account });
            unit.Append(row, @event);
            return true;
        },
        TestContext.Current.CancellationToken);

    public async Task<T> Query<T>(Func<SampleDb, Task<T>> query)
    {
        await using var scope = host.Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<SampleDb>());
    }

    /// <summary>Does by hand what the handler of <see cref="Opened"/> does.</summary>
    public Task OpenByHand(Guid account) => Query(
        db => db.Database.ExecuteSqlAsync($"INSERT INTO tallies (id, total, closed, changes) VALUES ({account}, 0, false, 0)"));

    public Task<Tally?> Tally(Guid account) => Query(db => db.Tallies.AsNoTracking().SingleOrDefaultAsync(tally => tally.Id == account));

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
    public async Task<JsonElement> JobBecomes(string address, string state)
    {
        JsonElement job = default;
        await Eventually.Is(
            async () => (job = await Job(address)).GetProperty("state").GetString() is { } now
                && (now == state || (now == "failed" ? throw new InvalidOperationException(job.ToString()) : false)),
            $"{address} is {state}");
        return job;
    }

    /// <summary>Stops in order, as SIGTERM does.</summary>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.StopAsync();
        await Release();
    }

    private async ValueTask Release()
    {
        Http.Dispose();
        if (host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }
}
