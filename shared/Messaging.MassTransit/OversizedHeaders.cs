using MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Files a message directly if MassTransit could not move it: see <see cref="OversizedMessages"/>. Without a store it stays unacknowledged,
/// so that it does not block others.
/// </summary>
internal sealed class OversizedHeaders(string queue, IDeadLetterStore? store, IMessageReceiver receiver)
    : IFilter<ExceptionReceiveContext>, IFilter<ReceiveContext>
{
    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next) =>
        Oversized(context, DeadLetterSource.Error) is { } letter
            ? File(context, letter with { Failure = Failure.Of(context.Exception, new DateTimeOffset(context.ExceptionTimestamp)) })
            : next.Send(context);

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next) =>
        Oversized(context, DeadLetterSource.Skipped) is { } letter ? File(context, letter) : next.Send(context);

    public void Probe(ProbeContext context) => context.CreateFilterScope("oversized-headers");

    private DeadLetter? Oversized(ReceiveContext context, DeadLetterSource source) =>
        context.TryGetPayload(out RabbitMqBasicConsumeContext? received) && OversizedMessages.Contains(received.Properties)
            ? FaultHeaders.Read(queue, source, received.Properties, context.GetBody())
            : null;

    /// <summary>MassTransit acknowledges it afterwards.</summary>
    private Task File(ReceiveContext context, DeadLetter letter)
    {
        if (store is not null)
            return OversizedMessages.File(store, receiver, letter, context.CancellationToken);
        LogContext.Error?.Log("The headers of message {MessageId} are too large for {Queue}_error; it stays in {Queue}",
            letter.Message.MessageId, queue, queue);
        return Task.Delay(Timeout.Infinite, context.CancellationToken);
    }
}
