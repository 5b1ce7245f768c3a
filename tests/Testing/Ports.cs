using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrderPlatform.Testing;

/// <summary>TCP ports of this machine.</summary>
public static class Ports
{
    private static readonly ConcurrentDictionary<int, bool> Given = [];

    /// <summary>
    /// A port on which nothing listens at any address. It is below those that the kernel gives to outgoing connections, and those that
    /// <c>deploy/local/servers</c> chooses, so that they do not take it; this process gets each port once.
    /// </summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 20_000);
            if (IsFree(port) && Given.TryAdd(port, true))
                return port;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Any, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
