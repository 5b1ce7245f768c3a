using Microsoft.Extensions.Hosting;

namespace OrderPlatform.Messaging.Batching;

/// <summary>A loop that commits batches.</summary>
internal interface IBatchLoop
{
    /// <summary>Works until <see cref="Complete"/>, and then through the rest.</summary>
    Task Work(CancellationToken stoppingToken);

    /// <summary>Takes nothing more.</summary>
    void Complete();
}

/// <summary>Runs the loops that commit batches; at stop it lets the batches in hand finish.</summary>
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
        // A host that could not start is disposed without being stopped; some stop it afterwards.
        stopping.Cancel();
        stopping.Dispose();
    }
}
