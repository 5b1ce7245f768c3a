using Microsoft.Extensions.Hosting;

namespace OrderPlatform.Messaging.Batching;

/// <summary>Runs the loops that commit groups; at stop it lets what is in hand finish.</summary>
internal sealed class BatchWorkers(RequestQueue requests, IEnumerable<ReceiveQueue> queues) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task work = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        IEnumerable<Func<Task>> loops =
        [
            () => requests.Work(stop.Token),
            .. queues.Select<ReceiveQueue, Func<Task>>(queue => () => queue.Work(stop.Token)),
        ];
        work = Task.WhenAll(loops.Select(loop => Task.Run(loop, CancellationToken.None)));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (stop.IsCancellationRequested)
            return;
        requests.Complete();
        foreach (var queue in queues)
            queue.Complete();
        await stop.CancelAsync();
        await work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        // A host that could not start is given up without being stopped; and is stopped afterwards, by some.
        stop.Cancel();
        stop.Dispose();
    }
}
