using MassTransit;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>
/// Counts the messages that MassTransit has moved to an error or skipped queue, as the last step of the pipe that moves them.
/// </summary>
internal sealed class DeadLetterCounter(string queue, IMessageReceiver receiver) : IFilter<ExceptionReceiveContext>, IFilter<ReceiveContext>
{
    public Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        receiver.DeadLettered(queue, WireFormat.TypeOf(EventDeserializer.MessageOf(context)));
        return next.Send(context);
    }

    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        receiver.DeadLettered(queue, WireFormat.TypeOf(EventDeserializer.MessageOf(context)));
        return next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("dead-letter-counter");
}
