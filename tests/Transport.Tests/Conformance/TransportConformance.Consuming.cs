using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;

namespace OrderPlatform.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    private const string Queue = ConformanceHost.Queue;
    private const string OtherQueue = ConformanceHost.OtherQueue;

    [Fact]
    public async Task A_published_event_reaches_each_queue_that_takes_its_type_once()
    {
        var host = await Start();
        await using var publisher = await host.Transport.Publisher();

        await await publisher.Publish([Events.Message(Events.Placed, "both"), Events.Message(Events.Paid, "one")], Cancellation);

        await Eventually.Is(() => host.Receiver.Handled.Count == 3);
        Assert.Equal(
            [(Queue, "both"), (Queue, "one"), (OtherQueue, "both")],
            host.Receiver.Received.Select(received => (received.Queue, Events.NameOf(received.Event))).Order());
        await IsEmpty(Queue);
        await IsEmpty(OtherQueue);
    }

    [Fact]
    public async Task An_event_is_received_as_it_was_published()
    {
        var host = await Start();
        await using var publisher = await host.Transport.Publisher();
        var @event = Events.Of(Events.Paid, "one");

        await await publisher.Publish([Events.Message(@event)], Cancellation);

        await Eventually.Is(() => !host.Receiver.Received.IsEmpty);
        var (_, received) = Assert.Single(host.Receiver.Received);
        Assert.Equal(@event with { Body = default }, received with { Body = default });
        Assert.Equal(@event.Body.ToArray(), received.Body.ToArray());
    }

    [Fact]
    public async Task Envelopes_and_raw_JSON_are_received_side_by_side()
    {
        var host = await Start();
        var @event = Events.Of(Events.Paid, "enveloped");

        await Raw.Publish(Events.Paid, WireFormat.Write(@event, @event.TraceParent, asEnvelope: true));
        await Raw.Publish(Events.Paid, Events.Message(Events.Paid, "raw").Message);

        await Eventually.Is(() => host.Receiver.Handled.Count == 2);
        Assert.Equal(["enveloped", "raw"], host.Receiver.Bodies.Order());
    }

    [Fact]
    public async Task Unhandled_messages_are_redelivered_after_a_lost_connection()
    {
        var proxy = Proxy();
        var host = await Start(address: Through(proxy));
        var gate = new Gate();
        host.Receiver.Handler = _ => gate.Opened;
        await Send(Events.Messages(10, Events.Paid));
        await Eventually.Is(() => host.Receiver.InHand == 10);

        proxy.Cut();

        await Eventually.Is(() => host.Receiver.Received.Count == 20);
        gate.Open();
        await Eventually.Is(() => host.Receiver.Handled.Count == 20);
        await IsEmpty(Queue);
        Assert.Equal(10, host.Receiver.Received.Select(received => received.Event.EventId).Distinct().Count());
        Assert.Empty(host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task A_duplicate_is_handed_over_each_time_it_arrives()
    {
        var host = await Start();
        var message = Events.Message(Events.Paid, "twice");

        await Send(message, message);

        await Eventually.Is(() => host.Receiver.Handled.Count == 2);
        await IsEmpty(Queue);
    }

    [Fact]
    public async Task No_more_messages_are_in_flight_than_the_prefetch_allows()
    {
        var host = await Start(new ConformanceHost.Settings(Prefetch: 5));
        var gate = new Gate();
        host.Receiver.Handler = _ => gate.Opened;

        await Send(Events.Messages(20, Events.Paid));

        await Eventually.Is(() => host.Receiver.InHand == 5);
        await Eventually.Is(async () => await Raw.Count(Queue) == 15);
        Assert.Equal(5, host.Receiver.Received.Count);
        gate.Open();
        await Eventually.Is(() => host.Receiver.Handled.Count == 20);
        await IsEmpty(Queue);
        Assert.Equal(20, host.Receiver.Received.Count);
    }

    [Fact]
    public async Task A_slow_message_holds_up_no_others()
    {
        var host = await Start(new ConformanceHost.Settings(Prefetch: 5));
        var gate = new Gate();
        host.Receiver.Handler = @event => Events.NameOf(@event) == "0" ? gate.Opened : Task.CompletedTask;

        await Send(Events.Messages(50, Events.Paid));

        await Eventually.Is(() => host.Receiver.Handled.Count == 49);
        gate.Open();
        await Eventually.Is(() => host.Receiver.Handled.Count == 50);
        await IsEmpty(Queue);
        Assert.Equal(50, host.Receiver.Received.Count);
    }

    [Fact]
    public async Task A_slow_consumer_gets_every_message_exactly_once()
    {
        var host = await Start(new ConformanceHost.Settings(Prefetch: 7));
        host.Receiver.Handler = _ => Task.Delay(Random.Shared.Next(5), Cancellation);

        await Send(Events.Messages(500, Events.Paid));

        await Eventually.Is(() => host.Receiver.Handled.Distinct().Count() == 500);
        await IsEmpty(Queue);
        Assert.Equal(500, host.Receiver.Received.Count);
    }

    [Fact]
    public async Task A_message_with_headers_that_almost_fill_a_frame_is_received()
    {
        var host = await Start();
        var message = Events.Message(Events.Paid, "wide").Message;

        await Raw.Publish(
            Events.Paid,
            message with { Headers = new Dictionary<string, object?>(message.Headers) { ["note"] = new string('x', 120 * 1024) } });

        await Eventually.Is(() => host.Receiver.Handled.Count == 1);
        await IsEmpty(Queue);
    }

    [Fact]
    public async Task Instances_share_the_messages_of_a_queue()
    {
        var settings = new ConformanceHost.Settings(Prefetch: 5);
        var (first, second) = (await Start(settings), await Start(settings));
        var gate = new Gate();
        first.Receiver.Handler = second.Receiver.Handler = _ => gate.Opened;

        await Send(Events.Messages(10, Events.Paid));

        await Eventually.Is(() => first.Receiver.InHand == 5 && second.Receiver.InHand == 5);
        gate.Open();
        await Eventually.Is(() => first.Receiver.Handled.Count + second.Receiver.Handled.Count == 10);
        await IsEmpty(Queue);
    }

    /// <summary>Publishes as another service would.</summary>
    private async Task Send(params OutgoingMessage[] messages)
    {
        foreach (var (type, message) in messages)
            await Raw.Publish(type, message);
    }
}
