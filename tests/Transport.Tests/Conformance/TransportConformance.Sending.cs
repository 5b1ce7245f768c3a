using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;

namespace OrderPlatform.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    [Fact]
    public async Task A_message_is_sent_to_one_queue_unchanged_with_any_headers()
    {
        await using var sender = await Sender();
        var message = new TransportMessage("not JSON"u8.ToArray())
        {
            MessageId = "any id",
            CorrelationId = "any correlation",
            ContentType = "text/plain",
            ContentEncoding = "identity",
            ReplyTo = "somewhere",
            Type = "a type",
            AppId = "an application",
            Timestamp = new UnixTime(1_700_000_000),
            Headers = new Dictionary<string, object?>
            {
                ["string"] = "text, ümlauts, 漢字",
                ["true"] = true,
                ["false"] = false,
                ["null"] = null,
                ["byte"] = (byte)200,
                ["sbyte"] = (sbyte)-100,
                ["short"] = (short)-3,
                ["ushort"] = (ushort)60_000,
                ["int"] = int.MinValue,
                ["uint"] = uint.MaxValue,
                ["long"] = long.MaxValue,
                ["float"] = 1.5f,
                ["double"] = Math.PI,
                ["decimal"] = 12.345m,
                ["time"] = new UnixTime(-1),
                ["bytes"] = new byte[] { 0xff, 0xfe, 0 },
                ["list"] = new List<object?> { 1, "two", null, new List<object?> { 3L } },
                ["table"] = new Dictionary<string, object?> { ["inner"] = new Dictionary<string, object?> { ["deep"] = true } },
            },
        };

        await sender.Send(Queue, [message], Cancellation);

        var read = (await Next(Queue)).Read;
        Assert.Equal(Properties(message), Properties(read));
        Assert.Equal(message.Body.ToArray(), read.Body.ToArray());
        Assert.Equivalent(message.Headers, Published(read), strict: true);
    }

    [Fact]
    public async Task Headers_added_on_the_way_to_an_error_queue_are_not_sent()
    {
        await using var sender = await Sender();
        var message = Events.Message(Events.Paid, "one").Message;
        string[] added =
        [
            "MT-Reason", "MT-Fault-Message", "MT-Host-MachineName",
            "x-death", "x-first-death-queue", "x-last-death-reason", "x-delivery-count", "x-acquired-count",
        ];

        await sender.Send(
            Queue,
            [message with { Headers = message.Headers.Concat(added.Select(name => KeyValuePair.Create(name, (object?)"x"))).ToDictionary() }],
            Cancellation);

        Assert.Equal(message.Headers.Keys.Order(), Published((await Next(Queue)).Read).Keys.Order());
    }

    [Fact]
    public async Task Messages_are_sent_in_order_and_stored_when_the_call_returns()
    {
        await using var sender = await Sender();

        await sender.Send(Queue, [.. Events.Messages(100).Select(message => message.Message)], Cancellation);

        Assert.Equal(100u, await Raw.Count(Queue));
        for (var number = 0; number < 100; number++)
            Assert.Equal(Events.Number(number), Events.NameOf((await Raw.Get(Queue))!.Body));
        Assert.Equal(0u, await Raw.Count(OtherQueue));
    }

    [Fact]
    public async Task A_message_to_a_deleted_queue_is_refused_and_the_sender_stays_usable()
    {
        await using var sender = await Sender();
        var message = Events.Message(Events.Paid, "one").Message;

        await Assert.ThrowsAsync<MessageRefusedException>(() => sender.Send("gone", [message], Cancellation));
        await Raw.Delete(OtherQueue);
        var refused = await Assert.ThrowsAsync<MessageRefusedException>(() => sender.Send(OtherQueue, [message], Cancellation));
        Assert.Contains($"'{OtherQueue}'", refused.Message, StringComparison.Ordinal);

        await sender.Send(Queue, [message], Cancellation);
        Assert.Equal(1u, await Raw.Count(Queue));
    }

    [Fact]
    public async Task A_replay_reaches_one_queue_and_reports_types_it_does_not_take()
    {
        await using var sender = await Sender();

        var refused = await sender.Replay(
            OtherQueue,
            [
                Events.Message(Events.Placed, "1"), Events.Message(Events.Paid, "2"),
                Events.Message(Events.Placed, "3"), Events.Message(Events.Paid, "4"),
            ],
            Cancellation);

        Assert.Equal(new Dictionary<string, int> { [Events.Paid] = 2 }, refused);
        Assert.Equal(2u, await Raw.Count(OtherQueue));
        Assert.Equal(0u, await Raw.Count(Queue));
        Assert.Equal("1", Events.NameOf((await Raw.Get(OtherQueue))!.Body));
        Assert.Empty(await sender.Replay(OtherQueue, [Events.Message(Events.Placed, "5")], Cancellation));
    }

    [Fact]
    public async Task The_length_of_a_queue_is_reported()
    {
        await using var sender = await Sender();

        await sender.Send(Queue, [.. Events.Messages(3).Select(message => message.Message)], Cancellation);

        Assert.Equal(3, await sender.MessageCount(Queue, Cancellation));
        await Assert.ThrowsAsync<QueueNotFoundException>(() => sender.MessageCount("gone", Cancellation));
        Assert.Equal(0, await sender.MessageCount(OtherQueue, Cancellation));
    }

    [Fact]
    public async Task A_redriven_message_is_handled()
    {
        var store = new RecordingStore();
        var host = await Start(new ConformanceHost.Settings(Store: store));
        host.Receiver.Handler = _ => throw new FormatException("not yet");
        await Send(Events.Message(Events.Paid, "one"));
        await Eventually.Is(() => store.Filed.Count == 1);
        host.Receiver.Handler = _ => Task.CompletedTask;
        await using var sender = await host.Transport.Sender("redrives");

        await sender.Send(Queue, [store.Filed.Single().Message], Cancellation);

        await Eventually.Is(() => host.Receiver.Handled.Count == 1);
    }

    /// <summary>A sender of a service whose queues exist, and are not being consumed.</summary>
    private async Task<IQueueSender> Sender()
    {
        var consumer = await Start();
        await consumer.Stop();
        var host = await Start(OnlyPublishes);
        return await host.Transport.Sender("test");
    }
}
