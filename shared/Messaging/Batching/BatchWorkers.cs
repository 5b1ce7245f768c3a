using Microsoft.Extensions.Hosting;

namespace OrderPlatform.Messaging.Batching;

/// <summary>A loop that commits batches.</summary>
internal interface IBatchLoop
{
    /// <summary>Commits batches until <see cref="Complete"/> is called and no unit is left.</summary>
    Task Work(CancellationToken stoppingToken);

    /// <summary>Stops accepting units.</summary>
    void Complete();
}

/// <summary>Runs the loops that commit batches; at shutdown it lets the current batches finish.</summary>
internal sealed class BatchWorkers(IEnumerable<IBatchLoop> loops) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly IBatchLoop[] loops = [.. loops];
    private Task work = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        work = Task.WhenAll(loops.Select(loop => Task.Run(() => loop.Work(stopping.Token), CancellationToken.None)));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (stopping.IsCancellationRequested)
            return;
        foreach (var loop in loops)
            loop.Complete();
        await stopping.CancelAsync();
        await work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        // A host that failed to start is disposed without being stopped, and sometimes stopped after that.
        stopping.Cancel();
        stopping.Dispose();
    }
}
