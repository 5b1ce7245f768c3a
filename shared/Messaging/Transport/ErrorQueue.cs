using System.Globalization;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging;

/// <summary>
/// Puts a parked event whose handler keeps failing where MassTransit puts every message that fails: into
/// <c>&lt;queue&gt;_error</c>, with MassTransit's headers.
/// </summary>
internal sealed class ErrorQueue(PublisherFactory publishers, MessagingMetrics metrics, TimeProvider clock)
{
    // MassTransit bounds these headers likewise: AMQP can not carry long ones.
    private const int LongestHeader = 2048;

    /// <summary>Returns when the broker has the event safe.</summary>
    public async Task Add(string queue, IncomingEvent @event, Exception cause, int retries, CancellationToken cancellation)
    {
        var name = $"{queue}_error";
        await using var connection = await publishers.Open("errors", cancellation);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);
        await Declare(channel, name, cancellation);

        var properties = EventProperties.Of(@event);
        var headers = properties.Headers!;
        headers[MassTransit.MessageHeaders.Reason] = "fault";
        headers[MassTransit.MessageHeaders.FaultExceptionType] = cause.GetType().FullName;
        headers[MassTransit.MessageHeaders.FaultMessage] = Bounded(cause.Message);
        headers[MassTransit.MessageHeaders.FaultStackTrace] = Bounded(cause.StackTrace ?? "");
        headers[MassTransit.MessageHeaders.FaultTimestamp] = clock.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        headers[MassTransit.MessageHeaders.FaultMessageType] = @event.Type;
        headers[MassTransit.MessageHeaders.FaultInputAddress] = $"queue:{queue}";
        headers[MassTransit.MessageHeaders.FaultRetryCount] = retries;
        await channel.BasicPublishAsync(name, "", mandatory: true, properties, @event.Body, cancellation);
        metrics.Of(queue).DeadLettered(@event.Type);
    }

    /// <summary>As MassTransit declares them, and the deployment.</summary>
    public static async Task Declare(IChannel channel, string name, CancellationToken cancellation)
    {
        await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true, cancellationToken: cancellation);
        await channel.QueueDeclareAsync(
            name,
            durable: true,
            exclusive: false,
            autoDelete: false,
            new Dictionary<string, object?> { ["x-queue-type"] = "quorum" },
            cancellationToken: cancellation);
        await channel.QueueBindAsync(name, name, "", cancellationToken: cancellation);
    }

    private static string Bounded(string text) => text.Length <= LongestHeader ? text : text[..LongestHeader];
}
