using System.Globalization;
using System.Reflection;
using OrderPlatform.Messaging.Transport;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// The headers that tell of a failure in an error queue, as MassTransit 8.5 writes them (its MessageHeaders), and those of the broker.
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

    /// <summary>MassTransit cuts texts here, so that they leave room for one another.</summary>
    private const int LongestText = 2048;

    /// <summary>The process that moved a message. There is no <c>MT-Host-MassTransitVersion</c> without MassTransit.</summary>
    private static readonly Dictionary<string, object?> Host = HostHeaders();

    /// <summary>Of the year 9999.</summary>
    private const long LastSecond = 253_402_300_799;

    /// <summary>Added on the way to the error queue, by MassTransit, the client library and the broker.</summary>
    private static readonly string[] Added =
    [
        "MT-Fault-", Reason, "MT-Host-",
        Broker, "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count", "x-dotnet-pub-seq-no",
    ];

    /// <summary>Whether a header was added on the way to the error queue.</summary>
    public static bool IsAdded(string header) => Array.Exists(Added, added => header.StartsWith(added, StringComparison.Ordinal));

    /// <summary>A message of an error or skipped queue, as it was before it failed, and how that was.</summary>
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

    /// <summary>What a message in an error queue says beside its own headers.</summary>
    /// <param name="queue">The address of the queue that could not handle it.</param>
    /// <param name="exception">Why: the innermost counts.</param>
    /// <param name="type">The contract that it could be read as; null when it could not be read.</param>
    /// <param name="at">When it failed.</param>
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

    /// <summary>What a message in a skipped queue says beside its own headers.</summary>
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

    /// <summary>Why and when the broker itself gave up: its delivery limit, as a rule.</summary>
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
