using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;

namespace OrderPlatform.Benchmarks.Load;

/// <summary>What to send.</summary>
/// <param name="Url">The Orders service.</param>
/// <param name="Run">Distinguishes the orders of several loads.</param>
/// <param name="Orders">How many.</param>
/// <param name="Connections">Keep-alive connections, each with one request at a time.</param>
/// <param name="Rate">Orders a second on a fixed schedule; 0: as fast as they are answered.</param>
internal sealed record LoadRequest(Uri Url, string Run, int Orders, int Connections, double Rate = 0);

/// <summary>The result of a load. Latencies are milliseconds; times are microseconds since 1970.</summary>
/// <param name="FirstSentAt">When the first request was sent.</param>
/// <param name="LastAnsweredAt">When the last answer arrived.</param>
/// <param name="Accepted">How many were answered with 201.</param>
/// <param name="Others">Other outcomes, and how often each occurred.</param>
/// <param name="P50">Latency of the answers, from when each request should have been sent.</param>
/// <param name="P99">Likewise.</param>
/// <param name="Max">Likewise.</param>
/// <param name="CpuSeconds">CPU time of the generator itself.</param>
/// <param name="DueAt">With a rate: by number, when each order should have been sent; otherwise null.</param>
internal sealed record LoadReport(
    long FirstSentAt,
    long LastAnsweredAt,
    int Accepted,
    Dictionary<string, int> Others,
    double P50,
    double P99,
    double Max,
    double CpuSeconds,
    long[]? DueAt)
{
    public double AcceptedPerSecond => Accepted / ((LastAnsweredAt - FirstSentAt) / 1e6);
}

/// <summary>
/// Sends orders over keep-alive connections, on one thread that polls non-blocking sockets, so that it takes as little as
/// possible of the machine it shares with what it measures. It runs in a separate process.
/// </summary>
internal sealed class LoadGenerator
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly LoadRequest load;
    private readonly byte[][] requests;
    private readonly double[] latencies;
    private readonly Dictionary<string, int> others = [];
    private readonly Dictionary<Socket, Connection> connections = [];
    private readonly Stack<Connection> idle = [];
    private readonly List<Socket> busy = [];
    private readonly long epoch;
    private int sent;
    private int answered;
    private int accepted;
    private long lastAnswer;

    private LoadGenerator(LoadRequest load)
    {
        this.load = load;
        requests = new byte[load.Orders][];
        for (var number = 0; number < load.Orders; number++)
            requests[number] = Orders.Request(load.Url, load.Run, number);
        latencies = new double[load.Orders];
        for (var i = 0; i < load.Connections; i++)
            idle.Push(Connect());
        epoch = Stopwatch.GetTimestamp();
    }

    private double TicksBetween => load.Rate == 0 ? 0 : Stopwatch.Frequency / load.Rate;

    /// <summary>The process: reads a request from each line of standard input, and writes its report to standard output.</summary>
    public static void Serve()
    {
        while (Console.ReadLine() is { } line)
        {
            var report = new LoadGenerator(JsonSerializer.Deserialize<LoadRequest>(line)!).Run();
            Console.WriteLine(JsonSerializer.Serialize(report));
        }
    }

    private LoadReport Run()
    {
        var startedAt = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var ready = new List<Socket>();
        while (answered < load.Orders)
        {
            SendWhatIsDue();
            if (busy.Count == 0)
            {
                Thread.Sleep(TimeSpan.FromMicroseconds(Math.Max(0, MicrosecondsToNext())));
                continue;
            }

            ready.Clear();
            ready.AddRange(busy);
            Socket.Select(ready, null, null, (int)Math.Clamp(MicrosecondsToNext(), 0, Patience.TotalMicroseconds));
            foreach (var socket in ready)
                Receive(connections[socket]);
            if (Stopwatch.GetElapsedTime(Math.Max(lastAnswer, epoch)) > Patience)
                throw new TimeoutException($"No answer for {Patience.TotalSeconds:0} seconds, after {answered} of {load.Orders}.");
        }

        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        foreach (var socket in connections.Keys)
            socket.Dispose();
        var dueAt = load.Rate == 0
            ? null
            : Enumerable.Range(0, load.Orders).Select(number => startedAt + Microseconds(Due(number) - epoch)).ToArray();
        Array.Sort(latencies);
        return new LoadReport(
            startedAt,
            startedAt + Microseconds(lastAnswer - epoch),
            accepted,
            others,
            Percentile(0.50),
            Percentile(0.99),
            latencies[^1],
            cpu.TotalSeconds,
            dueAt);
    }

    private void SendWhatIsDue()
    {
        while (sent < load.Orders && idle.Count > 0)
        {
            var now = Stopwatch.GetTimestamp();
            if (load.Rate > 0 && Due(sent) > now)
                return;
            Send(idle.Pop(), now);
        }
    }

    private void Send(Connection connection, long now)
    {
        connection.Number = sent++;
        connection.Due = load.Rate > 0 ? Due(connection.Number) : now;
        connection.Filled = 0;
        if (connection.Socket.Send(requests[connection.Number]) != requests[connection.Number].Length)
            throw new IOException("The socket's buffer does not hold a request.");
        busy.Add(connection.Socket);
    }

    private void Receive(Connection connection)
    {
        var received = connection.Socket.Receive(connection.Buffer.AsSpan(connection.Filled), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
            return;
        if (error != SocketError.Success || received == 0)
        {
            busy.Remove(connection.Socket);
            connections.Remove(connection.Socket);
            connection.Socket.Dispose();
            Finish(Connect(), connection, "connection lost");
            return;
        }

        connection.Filled += received;
        if (!IsComplete(connection.Buffer.AsSpan(0, connection.Filled)))
            return;
        busy.Remove(connection.Socket);
        var status = System.Text.Encoding.ASCII.GetString(connection.Buffer, 9, 3);
        Finish(connection, connection, status);
    }

    private void Finish(Connection next, Connection finished, string outcome)
    {
        lastAnswer = Stopwatch.GetTimestamp();
        latencies[answered++] = (lastAnswer - finished.Due) * 1000.0 / Stopwatch.Frequency;
        if (outcome == "201")
            accepted++;
        else
            others[outcome] = others.GetValueOrDefault(outcome) + 1;
        if (load.Rate == 0 && sent < load.Orders)
            Send(next, lastAnswer);
        else
            idle.Push(next);
    }

    private Connection Connect()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(load.Url.Host, load.Url.Port);
        socket.Blocking = false;
        return connections[socket] = new Connection(socket);
    }

    private static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var body = answer.IndexOf("\r\n\r\n"u8) + 4;
        if (body < 4)
            return false;
        var header = answer[..body];
        var length = header.IndexOf("Content-Length: "u8);
        return length >= 0 && Utf8Parser.TryParse(header[(length + 16)..], out int bytes, out _)
            ? answer.Length >= body + bytes
            : header.IndexOf("chunked"u8) < 0 || answer[(body - 2)..].EndsWith("\r\n0\r\n\r\n"u8);
    }

    private long Due(int number) => epoch + (long)(number * TicksBetween);

    private double MicrosecondsToNext() => load.Rate > 0 && sent < load.Orders && idle.Count > 0
        ? (Due(sent) - Stopwatch.GetTimestamp()) * 1e6 / Stopwatch.Frequency
        : Patience.TotalMicroseconds;

    private static long Microseconds(long ticks) => (long)(ticks * 1e6 / Stopwatch.Frequency);

    private double Percentile(double share) => latencies[(int)Math.Min(latencies.Length - 1, latencies.Length * share)];

    private sealed class Connection(Socket socket)
    {
        public Socket Socket => socket;

        public byte[] Buffer { get; } = new byte[8192];

        public int Filled { get; set; }

        public int Number { get; set; }

        public long Due { get; set; }
    }
}
