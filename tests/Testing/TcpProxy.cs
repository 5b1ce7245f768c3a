using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrderPlatform.Testing;

/// <summary>A proxy between a service and a server that can simulate a bad network.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Link, bool> links = [];
    private readonly string host;
    private readonly int port;
    private readonly Task accepting;
    private volatile bool closed;
    private volatile TaskCompletionSource thawed = new();

    public TcpProxy(string host, int port)
    {
        (this.host, this.port) = (host, port);
        thawed.SetResult();
        listener.Start();
        accepting = Accept();
    }

    /// <summary>Where it listens, on 127.0.0.1.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>How long everything that clients send is delayed.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Ends all connections, and closes every new one at once.</summary>
    public void Close()
    {
        closed = true;
        Cut();
    }

    /// <summary>Lets everything through again: undoes <see cref="Close"/>, <see cref="Freeze"/> and <see cref="Delay"/>.</summary>
    public void Open()
    {
        closed = false;
        Delay = TimeSpan.Zero;
        thawed.TrySetResult();
    }

    /// <summary>Holds back what clients send from now on; what the server sends still arrives.</summary>
    public void Freeze() => thawed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends all connections; held-back data is lost.</summary>
    public void Cut()
    {
        foreach (var link in links.Keys)
            link.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
        Close();
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                _ = Join(await listener.AcceptTcpClientAsync());
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener was stopped.
        }
    }

    private async Task Join(TcpClient client)
    {
        using var link = new Link(client);
        links[link] = true;
        try
        {
            if (closed)
                return;
            await link.Server.ConnectAsync(host, port);
            await Task.WhenAll(
                Pump(link, client, link.Server, () => MayPass(link.Ended)),
                Pump(link, link.Server, client, () => Task.CompletedTask));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One side is gone, and so is the connection.
        }
        finally
        {
            links.TryRemove(link, out _);
        }
    }

    private async Task MayPass(CancellationToken cancellationToken)
    {
        await Task.Delay(Delay, cancellationToken);
        await thawed.Task.WaitAsync(cancellationToken);
    }

    private static async Task Pump(Link link, TcpClient from, TcpClient to, Func<Task> mayPass)
    {
        from.NoDelay = to.NoDelay = true;
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.Client.ReceiveAsync(buffer) is var count and > 0)
            {
                await mayPass();
                for (var sent = 0; sent < count;)
                    sent += await to.Client.SendAsync(buffer.AsMemory(sent, count - sent));
            }

            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // The other direction would wait forever.
            link.Dispose();
            throw;
        }
    }

    private sealed class Link(TcpClient client) : IDisposable
    {
        private readonly CancellationTokenSource end = new();

        public TcpClient Server { get; } = new();

        public CancellationToken Ended => end.Token;

        public void Dispose()
        {
            end.Cancel();
            client.Dispose();
            Server.Dispose();
        }
    }
}
