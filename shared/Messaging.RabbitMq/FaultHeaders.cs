using System.Globalization;
using System.Reflection;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// The headers that describe a failure in an error queue, as MassTransit 8.5 writes them (its MessageHeaders), and those of the broker.
/// </summary>
internal static class FaultHeaders
{
    public const string Reason = "MT-Reason";
    public const string ExceptionType = "MT-Fault-ExceptionType";
    public const string Message = "MT-Fault-Message";
    public const string StackTrace = "MT-Fault-StackTrace";
    public const string Timestamp = "MT-Fault-Timestamp";
    private const string InputAddress = "MT-Fault-InputAddress";
    private const string MessageType = "MT-Fault-MessageType";
    private const string Broker = "x-death";

    /// <summary>MassTransit truncates message and stack trace to this length, so that both fit into the headers.</summary>
    private const int LongestText = 2048;

    /// <summary>The process that moved a message. There is no <c>MT-Host-MassTransitVersion</c> without MassTransit.</summary>
    private static readonly Dictionary<string, object?> Host = HostHeaders();

    /// <summary>The last second of the year 9999, in Unix time.</summary>
    private const long LastSecond = 253_402_300_799;

    /// <summary>Prefixes of the headers that MassTransit, the client library and the broker add on the way to the error queue.</summary>
    private static readonly string[] Added =
    [
        "MT-Fault-", Reason, "MT-Host-",
        Broker, "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-dotnet-pub-seq-no",
    ];

    /// <summary>Whether a header was added on the way to the error queue.</summary>
    public static bool IsAdded(string header) => Array.Exists(Added, added => header.StartsWith(added, StringComparison.Ordinal));

    /// <summary>A message of an error or skipped queue, as it was before it failed, and its failure.</summary>
    public static DeadLetter Read(string queue, DeadLetterSource source, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body)
    {
        var message = AmqpMessage.Read(properties, body);
        return new DeadLetter(
            queue,
            source,
            message with { Headers = message.Headers.Where(header => !IsAdded(header.Key)).ToDictionary() },
            message.Headers.Where(header => IsAdded(header.Key)).ToDictionary(),
            FailureOf(message.Headers));
    }

    /// <summary>The headers that a message in an error queue has besides its own.</summary>
    /// <param name="queue">The address of the queue that could not handle it.</param>
    /// <param name="exception">Why it failed: the innermost exception counts.</param>
    /// <param name="type">The contract that it could be read as; null when it could not be read.</param>
    public static IEnumerable<KeyValuePair<string, object?>> OfFault(Uri queue, Exception exception, string? type, DateTimeOffset at)
    {
        var failure = Failure.Of(exception, at);
        var headers = new Dictionary<string, object?>(Host)
        {
            [Reason] = "fault",
            [ExceptionType] = failure.ExceptionType,
            [InputAddress] = queue.AbsoluteUri,
            [Message] = Cut(failure.Reason),
            [Timestamp] = at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
            [StackTrace] = Cut(failure.StackTrace),
        };
        if (type is not null)
            headers[MessageType] = type.Replace(':', '.');
        return headers;
    }

    /// <summary>The headers that a message in a skipped queue has besides its own.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> OfSkipped() => new Dictionary<string, object?>(Host) { [Reason] = "dead-letter" };

    private static Dictionary<string, object?> HostHeaders()
    {
        var assembly = Assembly.GetEntryAssembly()?.GetName();
        return new()
        {
            ["MT-Host-MachineName"] = Environment.MachineName,
            ["MT-Host-ProcessName"] = Path.GetFileNameWithoutExtension(Environment.ProcessPath),
            ["MT-Host-ProcessId"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ["MT-Host-Assembly"] = assembly?.Name,
            ["MT-Host-AssemblyVersion"] = assembly?.Version?.ToString(),
            ["MT-Host-FrameworkVersion"] = Environment.Version.ToString(),
            ["MT-Host-OperatingSystemVersion"] = Environment.OSVersion.ToString(),
        };
    }

    private static string? Cut(string? text) => text is { Length: > LongestText } ? text[..LongestText] : text;

    private static Failure FailureOf(IReadOnlyDictionary<string, object?> headers)
    {
        var (reason, diedAt) = Death(headers);
        return new Failure(
            Text(headers, ExceptionType),
            Text(headers, Message) ?? reason,
            Text(headers, StackTrace),
            DateTimeOffset.TryParse(
                Text(headers, Timestamp),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var faultAt) ? faultAt : diedAt);
    }

    /// <summary>Why and when the broker itself gave up on a message: usually because of its delivery limit.</summary>
    private static (string? Reason, DateTimeOffset? At) Death(IReadOnlyDictionary<string, object?> headers) =>
        headers.GetValueOrDefault(Broker) is IReadOnlyList<object?> { Count: > 0 } deaths
            && deaths[0] is IReadOnlyDictionary<string, object?> last
            ? ($"The broker gave up: {Text(last, "reason")}.",
                last.GetValueOrDefault("time") is UnixTime { Seconds: >= 0 and < LastSecond } at
                    ? DateTimeOffset.FromUnixTimeSeconds(at.Seconds)
                    : null)
            : (null, null);

    private static string? Text(IReadOnlyDictionary<string, object?> headers, string name) => headers.GetValueOrDefault(name) as string;
}
