using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>
/// Stands between a service and the broker, and changes how the service asks for the length of a queue, so that a broker of any version
/// answers like one that does not reveal it.
/// </summary>
internal sealed class InspectionProxy : IAsyncDisposable
{
    private const int HeaderSize = 7;
    private const byte FrameEnd = 0xCE;
    private const byte Passive = 1;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Uri broker;
    private readonly byte[] declaration;
    private readonly Task accepting;
    private volatile bool closes;
    private int count;

    /// <param name="broker">The broker's address, with the credentials of the service.</param>
    /// <param name="queue">The queue whose length the service asks for.</param>
    public InspectionProxy(Uri broker, string queue)
    {
        this.broker = broker;
        // Class queue, method declare, a reserved number, the name.
        declaration = [0, 50, 0, 10, 0, 0, (byte)queue.Length, .. Encoding.ASCII.GetBytes(queue)];
        listener.Start();
        accepting = Accept();
    }

    public Uri Uri => new UriBuilder(broker) { Host = "127.0.0.1", Port = ((IPEndPoint)listener.LocalEndpoint).Port }.Uri;

    /// <summary>
    /// Whether passive declarations become active ones, for which every broker requires the permission to configure: it answers 403 to a
    /// service without it, and 406 to one with it, because the queue has other properties.
    /// </summary>
    public bool Activates { get; set; }

    /// <summary>How many times the service has asked.</summary>
    public int Count => count;

    /// <summary>Makes the broker close the channel after its next answer.</summary>
    public void CloseNext() => closes = true;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await accepting;
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
            // The end of the listener.
        }
    }

    private async Task Join(TcpClient client)
    {
        using var service = client;
        using var server = new TcpClient();
        service.NoDelay = server.NoDelay = true;
        try
        {
            await server.ConnectAsync(broker.Host, broker.Port);
            await Task.WhenAny(Ask(service.GetStream(), server.GetStream()), server.GetStream().CopyToAsync(service.GetStream()));
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // One of the two is gone: so is the connection.
        }
    }

    private async Task Ask(NetworkStream service, NetworkStream server)
    {
        var protocol = new byte[8];
        await service.ReadExactlyAsync(protocol);
        await server.WriteAsync(protocol);
        while (true)
        {
            var header = new byte[HeaderSize];
            await service.ReadExactlyAsync(header);
            var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(3)) + 1];
            await service.ReadExactlyAsync(payload);
            var asks = IsInspection(header, payload);
            if (asks && Activates)
                payload[declaration.Length] ^= Passive;
            byte[] frames = [.. header, .. payload];
            if (asks && closes)
            {
                closes = false;
                // An acknowledgement of a message that was never delivered, on the same channel.
                frames = [.. frames, .. header[..3], 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 99, 0, FrameEnd];
            }

            await server.WriteAsync(frames);
            if (asks)
                Interlocked.Increment(ref count);
        }
    }

    private bool IsInspection(byte[] header, byte[] payload) =>
        header[0] == 1 && payload.AsSpan().StartsWith(declaration) && (payload[declaration.Length] & Passive) != 0;
}
