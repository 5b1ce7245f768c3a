using System.Net;
using System.Net.Sockets;

namespace OrderPlatform.Testing;

/// <summary>TCP ports of this machine.</summary>
public static class Ports
{
    /// <summary>A port on which nothing listens at any address, 1 to 65535. Nothing reserves it.</summary>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
