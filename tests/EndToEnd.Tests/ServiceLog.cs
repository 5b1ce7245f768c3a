using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>The log of a process: in full in a file under <c>.local/tests/log/services</c>, shortened for failure reports.</summary>
public sealed class ServiceLog : IDisposable
{
    private const int LongestMessage = 200;
    private const int LastEntries = 20;

    /// <summary>Where the full logs are: one folder for each test project and seed, emptied when its tests begin.</summary>
    public static readonly DirectoryInfo Folder = MakeFolder();

    private static int count;

    private readonly List<(DateTimeOffset ReceivedAt, string Text)> lines = [];
    private readonly StreamWriter writer;
    private readonly string service;

    /// <param name="service">The name of its project.</param>
    public ServiceLog(string service)
    {
        this.service = service;
        File = $"{service}-{Interlocked.Increment(ref count)}.log";
        writer = new StreamWriter(Path.Combine(Folder.FullName, File)) { AutoFlush = true };
    }

    /// <summary>The file in <see cref="Folder"/> with the full log.</summary>
    public string File { get; }

    /// <summary>Everything that the process wrote.</summary>
    public string Text
    {
        get
        {
            lock (lines)
                return string.Join('\n', lines.Select(line => line.Text));
        }
    }

    /// <summary>The last entries, one line each, and where the full log is.</summary>
    public string Tail
    {
        get
        {
            var last = Since(DateTimeOffset.MinValue).TakeLast(LastEntries).Select(line => line.Text);
            return string.Join('\n', last.Append($"The full log is {Path.Combine(Folder.FullName, File)}"));
        }
    }

    public void Add(string line)
    {
        lock (lines)
        {
            lines.Add((DateTimeOffset.UtcNow, line));
            if (writer.BaseStream.CanWrite)
                writer.WriteLine(line);
        }
    }

    /// <summary>The entries since then, one line each, with time (UTC), service, level and message.</summary>
    public IReadOnlyList<(DateTimeOffset ReceivedAt, string Text)> Since(DateTimeOffset begin)
    {
        lock (lines)
        {
            return [.. lines.Where(line => line.ReceivedAt >= begin)
                .Select(line => (line.ReceivedAt, Shorten(line.ReceivedAt, line.Text)))];
        }
    }

    public void Dispose()
    {
        lock (lines)
            writer.Dispose();
    }

    private string Shorten(DateTimeOffset receivedAt, string line)
    {
        var (level, message) = Read(line);
        message = message.ReplaceLineEndings(" ");
        if (message.Length > LongestMessage)
            message = $"{message[..LongestMessage]}...";
        return string.Create(CultureInfo.InvariantCulture, $"{receivedAt:HH:mm:ss.fff} {service,-9} {level,-11} {message}");
    }

    /// <summary>Services write one JSON object per line; the runtime writes text, such as an unhandled exception.</summary>
    private static (string Level, string Message) Read(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            var message = entry.RootElement.GetProperty("Message").GetString()!;
            if (entry.RootElement.TryGetProperty("Exception", out var exception))
                message = $"{message} | {exception.GetString()!.Split('\n')[0]}";
            return (entry.RootElement.GetProperty("LogLevel").GetString()!, message);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return ("-", line);
        }
    }

    private static DirectoryInfo MakeFolder()
    {
        var project = Assembly.GetEntryAssembly()!.GetName().Name!;
        var all = new DirectoryInfo(Repository.Path(".local", "tests", "log", "services", project));
        // Only tests/run, which gives the seed, runs several rounds, whose logs are kept.
        if (all.Exists && Environment.GetEnvironmentVariable("TEST_SEED") is null)
            all.Delete(recursive: true);
        return all.CreateSubdirectory($"{TestSeed.Value}");
    }
}
