using System.Globalization;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    private const string Errors = "sample_error";
    private const string Skipped = "sample_skipped";

    [Fact]
    public async Task A_message_whose_handler_fails_goes_to_the_error_queue_with_the_reason()
    {
        var host = await Start();
        host.Receiver.Handler = _ => throw new InvalidOperationException("outer", new FormatException("inner"));
        var message = Events.Message(Events.Paid, "poison").Message;

        await Raw.Publish(Events.Paid, message);

        var (moved, read) = await Next(Errors);
        Assert.Equal("fault", read.Headers["MT-Reason"]);
        Assert.Equal("System.FormatException", read.Headers["MT-Fault-ExceptionType"]);
        Assert.Equal("inner", read.Headers["MT-Fault-Message"]);
        Assert.EndsWith($"/{Queue}", (string)read.Headers["MT-Fault-InputAddress"]!, StringComparison.Ordinal);
        Assert.StartsWith("rabbitmq://", (string)read.Headers["MT-Fault-InputAddress"]!, StringComparison.Ordinal);
        Assert.IsType<string>(read.Headers["MT-Fault-StackTrace"]);
        Assert.True(DateTimeOffset.TryParse(
            (string)read.Headers["MT-Fault-Timestamp"]!, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at));
        Assert.Equal(TimeSpan.Zero, at.Offset);
        Assert.Equal(Environment.MachineName, read.Headers["MT-Host-MachineName"]);
        Assert.Equal(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), read.Headers["MT-Host-ProcessId"]);

        var letter = FaultHeaders.Read(Queue, DeadLetterSource.Error, moved.BasicProperties, moved.Body.ToArray());
        Assert.Equal(message.Headers.OrderBy(header => header.Key), letter.Message.Headers.OrderBy(header => header.Key));
        Assert.Equal(message.MessageId, letter.Message.MessageId);
        Assert.Equal(message.Body.ToArray(), letter.Message.Body.ToArray());
        await IsEmpty(Queue);
        Assert.Equal([(Queue, Events.Paid)], host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task A_long_reason_is_truncated()
    {
        var host = await Start();
        host.Receiver.Handler = _ => throw new InvalidOperationException(new string('x', 200_000));

        await Send(Events.Message(Events.Paid, "poison"));

        var (_, read) = await Next(Errors);
        Assert.Equal(new string('x', 2048), read.Headers["MT-Fault-Message"]);
    }

    [Fact]
    public async Task A_message_that_expires_does_not_expire_in_the_error_queue()
    {
        var host = await Start();
        host.Receiver.Handler = _ => throw new InvalidOperationException("never");
        var message = Events.Message(Events.Paid, "poison").Message;
        var properties = AmqpMessage.Write(message);
        properties.Expiration = "60000";

        await Raw.Publish(Events.Paid, properties, message.Body);

        var (moved, _) = await Next(Errors);
        Assert.False(moved.BasicProperties.IsExpirationPresent());
    }

    [Fact]
    public async Task A_timeout_in_a_handler_is_a_failure_like_any_other()
    {
        var host = await Start();
        host.Receiver.Handler = _ => throw new TaskCanceledException("too slow", new TimeoutException("too slow"));

        await Send(Events.Message(Events.Paid, "poison"));

        var (_, read) = await Next(Errors);
        Assert.Equal("too slow", read.Headers["MT-Fault-Message"]);
    }

    [Fact]
    public async Task A_malformed_message_goes_to_the_error_queue()
    {
        var host = await Start();

        await Raw.Publish(Events.Paid, Events.Message(Events.Paid, "").Message with { Body = "{"u8.ToArray() });

        var (_, read) = await Next(Errors);
        Assert.Equal("fault", read.Headers["MT-Reason"]);
        Assert.NotEqual("", read.Headers["MT-Fault-Message"]);
        await IsEmpty(Queue);
        Assert.Equal([(Queue, Events.Paid)], host.Receiver.DeadLetters);
        Assert.Empty(host.Receiver.Received);
    }

    [Fact]
    public async Task A_message_of_an_unhandled_type_goes_to_the_skipped_queue()
    {
        var host = await Start();

        await Raw.Publish(Queue, Events.Message("Transport.Other:Unknown", "stray").Message);

        var (_, read) = await Next(Skipped);
        Assert.Equal("dead-letter", read.Headers["MT-Reason"]);
        Assert.Equal(Environment.MachineName, read.Headers["MT-Host-MachineName"]);
        Assert.DoesNotContain(read.Headers.Keys, header => header.StartsWith("MT-Fault-", StringComparison.Ordinal));
        await IsEmpty(Queue);
        Assert.Equal([(Queue, "Transport.Other:Unknown")], host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task A_message_without_a_type_goes_to_the_skipped_queue()
    {
        var host = await Start();

        await Raw.Publish(Queue, new TransportMessage("{}"u8.ToArray()));

        await Next(Skipped);
        await IsEmpty(Queue);
        Assert.Equal([(Queue, null)], host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task The_dead_letter_names_a_content_type_that_cannot_be_read()
    {
        var host = await Start();

        await Raw.Publish(Events.Paid, Events.Message(Events.Paid, "one").Message with { ContentType = "application/x-protobuf" });

        var (_, read) = await Next(Errors);
        Assert.Contains("application/x-protobuf", (string)read.Headers["MT-Fault-Message"]!, StringComparison.Ordinal);
        await IsEmpty(Queue);
        Assert.Single(host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task A_message_leaves_its_queue_after_its_error_queue_has_stored_it()
    {
        var host = await Start();
        host.Receiver.Handler = _ => throw new InvalidOperationException("never");
        await Send(Events.Message(Events.Paid, "first"));
        await Next(Errors);
        await Raw.Delete(Errors);

        await Send(Events.Message(Events.Paid, "second"));
        await Eventually.Is(() => host.Receiver.Bodies.Contains("second"));
        await Raw.Bind(Errors, Errors);

        var (_, read) = await Next(Errors);
        Assert.Equal("second", Events.NameOf(read.Body));
        await IsEmpty(Queue);
    }

    [Fact]
    public async Task With_a_store_the_error_and_skipped_queues_are_emptied_into_it()
    {
        var store = new RecordingStore();
        var host = await Start(new ConformanceHost.Settings(Store: store));
        host.Receiver.Handler = _ => throw new FormatException("no good");

        await Send(Events.Message(Events.Paid, "poison"));
        await Raw.Publish(Queue, Events.Message("Transport.Other:Unknown", "stray").Message);

        await Eventually.Is(() => store.Filed.Count == 2);
        var error = Assert.Single(store.Filed, letter => letter.Source == DeadLetterSource.Error);
        Assert.Equal((Queue, "System.FormatException", "no good"), (error.Queue, error.Failure.ExceptionType, error.Failure.Reason));
        Assert.NotNull(error.Failure.At);
        Assert.DoesNotContain(error.Message.Headers.Keys, FaultHeaders.IsAdded);
        var skipped = Assert.Single(store.Filed, letter => letter.Source == DeadLetterSource.Skipped);
        Assert.Equal("stray", Events.NameOf(skipped.Message.Body));
        await IsEmpty(Errors);
        await IsEmpty(Skipped);
        Assert.Equal(2, host.Receiver.DeadLetters.Count);
    }

    [Fact]
    public async Task Dead_letters_wait_in_their_queue_while_the_database_is_down()
    {
        var gate = new Gate();
        var store = new RecordingStore { Open = gate.Opened };
        var host = await Start(new ConformanceHost.Settings(Store: store));
        host.Receiver.Handler = _ => throw new FormatException("no good");
        await Send(Events.Messages(3, Events.Paid));
        await Eventually.Is(() => !store.Offered.IsEmpty);

        gate.Open();

        await Eventually.Is(() => store.Filed.Count == 3);
        await IsEmpty(Errors);
        Assert.Equal(3, store.Offered.Count);
    }

    [Fact]
    public async Task A_dead_letter_that_cannot_be_filed_stays_queued_and_blocks_no_other()
    {
        var store = new RecordingStore { Takes = letter => Events.NameOf(letter.Message.Body) != "1" };
        var host = await Start(new ConformanceHost.Settings(Store: store));
        host.Receiver.Handler = _ => throw new FormatException("no good");

        await Send(Events.Messages(4, Events.Paid));

        await Eventually.Is(() => store.Filed.Count == 3);
        await host.Stop();
        await Eventually.Is(async () => await Raw.Count(Errors) == 1);
        Assert.Equal("1", Events.NameOf((await Next(Errors)).Read.Body));
    }

    [Fact]
    public async Task A_dead_letter_moved_by_the_broker_is_counted_when_it_is_filed()
    {
        var store = new RecordingStore();
        var host = await Start(new ConformanceHost.Settings(Store: store));

        await Raw.Publish(Errors, Events.Message(Events.Paid, "given up").Message);

        await Eventually.Is(() => store.Filed.Count == 1);
        await IsEmpty(Errors);
        Assert.Equal([(Queue, Events.Paid)], host.Receiver.DeadLetters);
    }

    [Theory]
    [InlineData(Events.Paid, DeadLetterSource.Error)]
    [InlineData("Transport.Other:Unknown", DeadLetterSource.Skipped)]
    internal async Task A_dead_letter_with_frame_filling_headers_is_filed_by_the_consumer(string type, DeadLetterSource source)
    {
        var store = new RecordingStore();
        var host = await Start(new ConformanceHost.Settings(Store: store));
        host.Receiver.Handler = @event =>
            Events.NameOf(@event) == "wide" ? throw new FormatException("no good") : Task.CompletedTask;
        var message = Events.Message(type, "wide").Message;
        message = message with { Headers = new Dictionary<string, object?>(message.Headers) { ["note"] = new string('x', 120 * 1024) } };

        await Raw.Publish(Queue, message);

        await Eventually.Is(() => store.Filed.Count == 1);
        var letter = Assert.Single(store.Filed);
        Assert.Equal(source, letter.Source);
        Assert.Equal(source == DeadLetterSource.Error ? "no good" : null, letter.Failure.Reason);
        await Send(Events.Message(Events.Paid, "next"));
        await Eventually.Is(() => host.Receiver.Bodies.Contains("next"));
        await IsEmpty(Queue);
        Assert.Equal([(Queue, type)], host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task A_message_that_cannot_become_a_dead_letter_blocks_no_other()
    {
        var host = await Start();
        host.Receiver.Handler = @event =>
            Events.NameOf(@event) == "wide" ? throw new FormatException("no good") : Task.CompletedTask;
        var message = Events.Message(Events.Paid, "wide").Message;
        message = message with { Headers = new Dictionary<string, object?>(message.Headers) { ["note"] = new string('x', 120 * 1024) } };

        await Raw.Publish(Queue, message);
        await Send(Events.Messages(10, Events.Paid));

        await Eventually.Is(() => host.Receiver.Handled.Count == 10);
        await host.Stop();
        await Eventually.Is(async () => await Raw.Count(Queue) == 1);
    }

    /// <summary>Waits for a message in a queue that no service consumes, and takes it.</summary>
    private async Task<(BasicGetResult Got, TransportMessage Read)> Next(string queue)
    {
        await Eventually.Is(async () => await Raw.Count(queue) > 0, $"a message is in {queue}");
        var got = (await Raw.Get(queue))!;
        return (got, AmqpMessage.Read(got.BasicProperties, got.Body.ToArray()));
    }
}
