using System.Globalization;
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
    private const string Broker = "x-death";

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
