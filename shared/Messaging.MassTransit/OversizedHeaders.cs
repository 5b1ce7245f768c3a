using MassTransit;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Files a message at once whose headers leave no room for those that tell of its failure. MassTransit would move it all the same, the
/// broker would close the connection, and the message would come again and again: one such message stops a queue.
/// </summary>
internal sealed class OversizedHeaders(string queue, DeadLetterStore filing, QueueMetrics metrics)
    : IFilter<ExceptionReceiveContext>, IFilter<ReceiveContext>
{
    /// <summary>All headers have to fit into a frame, as a rule 128 KiB.</summary>
    private const int MostThatCanBeMoved = 100 * 1024;

    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next) =>
        Failed(context, "error") is { } message
            ? File(context, message.FailedWith(context.Exception, new DateTimeOffset(context.ExceptionTimestamp)))
            : next.Send(context);

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next) =>
        Failed(context, "skipped") is { } message ? File(context, message) : next.Send(context);

    public void Probe(ProbeContext context) => context.CreateFilterScope("oversized-headers");

    private FailedMessage? Failed(ReceiveContext context, string source)
    {
        if (!context.TryGetPayload(out RabbitMqBasicConsumeContext? received) || received.Properties.Headers is not { } headers
            || HeaderJson.Write(headers).Length <= MostThatCanBeMoved)
            return null;
        return FailedMessages.Of(queue, source, received.Properties, context.GetBody());
    }

    /// <summary>MassTransit acknowledges it afterwards.</summary>
    private async Task File(ReceiveContext context, FailedMessage message)
    {
        if ((await filing.File([message], context.CancellationToken)).Count == 0)
            throw new InvalidOperationException($"The dead letter {message.Key} cannot be filed.");
        metrics.DeadLettered(message.Type);
    }
}
