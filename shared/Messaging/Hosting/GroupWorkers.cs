using Microsoft.Extensions.Hosting;

namespace OrderPlatform.Messaging;

/// <summary>Runs the loops that commit groups; at stop it lets what is in hand finish.</summary>
internal sealed class GroupWorkers(RequestQueue requests, IEnumerable<MessageQueue> queues) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task work = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        work = Task.WhenAll([Task.Run(() => requests.Work(stop.Token), CancellationToken.None), .. queues.Select(queue => Task.Run(() => queue.Work(stop.Token), CancellationToken.None))]);
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

    public void Dispose() => stop.Dispose();
}
