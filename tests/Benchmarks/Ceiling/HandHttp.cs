using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace OrderPlatform.Benchmarks.Ceiling;

/// <summary>As much of HTTP/1.1 as a keep-alive client with a Content-Length needs.</summary>
internal static class HandHttp
{
    private static readonly byte[] Ready = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
    private static readonly byte[] BadRequest = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray();

    /// <summary>Answers GET with 200, which says that the service is ready, and POST with the given result.</summary>
    public static void Listen(Uri url, Func<ReadOnlyMemory<byte>, Task<string>>? post)
    {
        var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, url.Port));
        listener.Listen(128);
        _ = Task.Run(async () =>
        {
            while (true)
            {
                var client = await listener.AcceptAsync();
                client.NoDelay = true;
                _ = Task.Run(() => Serve(client, post));
            }
        });
    }

    private static async Task Serve(Socket client, Func<ReadOnlyMemory<byte>, Task<string>>? post)
    {
        using var _ = client;
        var buffer = new byte[64 * 1024];
        var filled = 0;
        while (true)
        {
            int start, length;
            while (!Complete(buffer.AsSpan(0, filled), out start, out length))
            {
                var received = await client.ReceiveAsync(buffer.AsMemory(filled));
                if (received == 0)
                    return;
                filled += received;
            }

            await client.SendAsync(buffer[0] == 'G' || post is null ? Ready : await Answer(buffer.AsMemory(start, length), post));
            buffer.AsSpan((start + length)..filled).CopyTo(buffer);
            filled -= start + length;
        }
    }

    private static async Task<byte[]> Answer(ReadOnlyMemory<byte> body, Func<ReadOnlyMemory<byte>, Task<string>> post)
    {
        try
        {
            return Encoding.UTF8.GetBytes(await post(body));
        }
        catch (JsonException)
        {
            return BadRequest;
        }
    }

    private static bool Complete(ReadOnlySpan<byte> request, out int start, out int length)
    {
        start = request.IndexOf("\r\n\r\n"u8) + 4;
        length = 0;
        if (start < 4)
            return false;
        var header = request.IndexOf("Content-Length: "u8);
        if (header >= 0 && header < start && !Utf8Parser.TryParse(request[(header + 16)..], out length, out _))
            length = 0;
        return request.Length >= start + length;
    }
}
