using MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Files a message at once whose headers leave no room for those that tell of its failure. MassTransit would move it all the same, the
/// broker would close the connection, and the message would come again and again: one such message stops a queue.
/// </summary>
internal sealed class OversizedHeaders(string queue, IDeadLetterStore store, IMessageReceiver receiver)
    : IFilter<ExceptionReceiveContext>, IFilter<ReceiveContext>
{
    /// <summary>All headers have to fit into a frame, as a rule 128 KiB.</summary>
    private const int MostThatCanBeMoved = 100 * 1024;

    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next) =>
        Oversized(context, DeadLetterSource.Error) is { } letter
            ? File(context, letter with { Failure = Failure.Of(context.Exception, new DateTimeOffset(context.ExceptionTimestamp)) })
            : next.Send(context);

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next) =>
        Oversized(context, DeadLetterSource.Skipped) is { } letter ? File(context, letter) : next.Send(context);

    public void Probe(ProbeContext context) => context.CreateFilterScope("oversized-headers");

    private DeadLetter? Oversized(ReceiveContext context, DeadLetterSource source) =>
        context.TryGetPayload(out RabbitMqBasicConsumeContext? received)
        && AmqpMessage.SizeOf(received.Properties.Headers) > MostThatCanBeMoved
            ? FaultHeaders.Read(queue, source, received.Properties, context.GetBody())
            : null;

    /// <summary>MassTransit acknowledges it afterwards.</summary>
    private async Task File(ReceiveContext context, DeadLetter letter)
    {
        if ((await store.File([letter], context.CancellationToken)).Count == 0)
            throw new InvalidOperationException($"The dead letter {letter.Message.MessageId} cannot be filed.");
        receiver.DeadLettered(queue, WireFormat.TypeOf(letter.Message));
    }
}
