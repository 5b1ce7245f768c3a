using System.Text;
using System.Text.Json;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Tests.Transport;

/// <summary>Conversion between events and messages: raw JSON and MassTransit's envelope.</summary>
public sealed class WireFormatTests
{
    private const string Placed = "Transport.Sample:Placed";
    private const string Paid = "Transport.Sample:Paid";

    private static readonly DateTimeOffset Now = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_written_event_is_read_back(bool asEnvelope)
    {
        var @event = Event();

        var read = Read(WireFormat.Write(@event, @event.TraceParent, asEnvelope))!;

        Assert.Equal(@event with { Body = default }, read with { Body = default });
        Assert.Equal(@event.Body.ToArray(), read.Body.ToArray());
    }

    [Fact]
    public void Raw_JSON_has_the_contract_as_its_body_and_everything_else_in_headers()
    {
        var @event = Event();

        var message = WireFormat.Write(@event, "a trace");

        Assert.Equal("application/json", message.ContentType);
        Assert.Equal(@event.Body.ToArray(), message.Body.ToArray());
        Assert.Equal((@event.EventId.ToString(), @event.CorrelationId.ToString()), (message.MessageId, message.CorrelationId));
        Assert.Equal("urn:message:Transport.Sample:Paid", message.Headers["MT-MessageType"]);
        Assert.Equal(@event.CausationId.ToString(), message.Headers["MT-InitiatorId"]);
        Assert.Equal("a trace", message.Headers["traceparent"]);
        Assert.Equal("stream-1", message.Headers["stream"]);
        Assert.Equal(1, message.Headers["sequence"]);
        Assert.DoesNotContain("replayed", message.Headers.Keys);
    }

    [Fact]
    public void An_envelope_has_what_a_plain_MassTransit_consumer_needs()
    {
        var @event = Event();

        var message = WireFormat.Write(@event, traceParent: null, asEnvelope: true);

        Assert.Equal("application/vnd.masstransit+json", message.ContentType);
        var envelope = JsonDocument.Parse(message.Body).RootElement;
        Assert.Equal(@event.EventId, envelope.GetProperty("messageId").GetGuid());
        Assert.Equal(@event.CorrelationId, envelope.GetProperty("correlationId").GetGuid());
        Assert.Equal(@event.CausationId, envelope.GetProperty("initiatorId").GetGuid());
        Assert.Equal("urn:message:Transport.Sample:Paid", envelope.GetProperty("messageType")[0].GetString());
        Assert.Equal("one", envelope.GetProperty("message").GetString());
        Assert.Equal(@event.OccurredAt.UtcDateTime, envelope.GetProperty("sentTime").GetDateTime());
    }

    [Fact]
    public void An_envelope_that_MassTransit_wrote_is_read()
    {
        // As MassTransit 8.5 writes it; the headers of this platform are missing.
        var read = Read(new TransportMessage(
            """
            {
              "messageId": "7cff0000-5d11-0015-5baa-08de2d8a3f0b", "requestId": null, "correlationId": null,
              "conversationId": "7cff0000-5d11-0015-5e52-08de2d8a3f0b", "initiatorId": null,
              "sourceAddress": "rabbitmq://localhost/plain", "destinationAddress": "rabbitmq://localhost/Transport.Sample:Paid",
              "responseAddress": null, "faultAddress": null,
              "messageType": ["urn:message:Transport.Sample:Base", "urn:message:Transport.Sample:Paid"],
              "message": { "amount": "12.50" },
              "expirationTime": null, "sentTime": "2026-06-30T08:15:00.1234567Z", "headers": {},
              "host": { "machineName": "m", "processName": "p", "processId": 1, "massTransitVersion": "8.5.12.0" }
            }
            """u8.ToArray())
        { ContentType = "application/vnd.masstransit+json; charset=utf-8" })!;

        var id = Guid.Parse("7cff0000-5d11-0015-5baa-08de2d8a3f0b");
        Assert.Equal(
            new EventEnvelope(
                id,
                Paid,
                id.ToString(),
                0,
                id,
                null,
                new DateTimeOffset(2026, 6, 30, 8, 15, 0, TimeSpan.Zero).AddTicks(1234567),
                null,
                default),
            read with { Body = default });
        Assert.Equal("""{ "amount": "12.50" }""", Encoding.UTF8.GetString(read.Body.Span));
    }

    [Fact]
    public void A_message_without_a_content_type_is_read_as_raw_JSON()
    {
        var message = Message(Paid);

        Assert.NotNull(Read(message with { ContentType = null }));
        Assert.NotNull(Read(message with { ContentType = "application/json; charset=utf-8" }));
        Assert.NotNull(Read(message with { ContentType = "Application/JSON" }));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/vnd.masstransit+xml")]
    [InlineData("nonsense")]
    public void A_content_type_that_cannot_be_read_is_named(string contentType)
    {
        var malformed = Assert.Throws<MalformedMessageException>(
            () => Read(Message(Paid) with { ContentType = contentType }));

        Assert.Contains($"'{contentType}'", malformed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_types_the_first_that_the_queue_takes_is_used()
    {
        var message = Message(Paid);
        message = message with
        {
            Headers = new Dictionary<string, object?>(message.Headers)
            {
                ["MT-MessageType"] = "urn:message:A:Base;urn:message:Transport.Sample:Paid;urn:message:Transport.Sample:Placed",
            },
        };

        Assert.Equal(Paid, Read(message)!.Type);
        Assert.Equal("A:Base", WireFormat.TypeOf(message));
    }

    [Fact]
    public void A_malformed_message_of_an_unhandled_type_is_skipped()
    {
        var message = Message("Transport.Other:Unknown") with { MessageId = "no id" };

        Assert.Null(Read(message));
        Assert.Null(Read(new TransportMessage("{}"u8.ToArray())));
        Assert.Null(Read(
            new TransportMessage("""{"messageType":["urn:message:A:B"]}"""u8.ToArray()) { ContentType = WireFormat.Envelope }));
        Assert.Null(Read(new TransportMessage("[1]"u8.ToArray()) { ContentType = WireFormat.Envelope }));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"messageType":["urn:message:Transport.Sample:Paid"],"messageId":"7cff0000-5d11-0015-5baa-08de2d8a3f0b"}""")]
    [InlineData("""{"messageType":["urn:message:Transport.Sample:Paid"],"message":{}}""")]
    public void A_broken_envelope_is_malformed(string body)
    {
        var message = new TransportMessage(Encoding.UTF8.GetBytes(body)) { ContentType = WireFormat.Envelope };

        Assert.Throws<MalformedMessageException>(() => Read(message));
    }

    [Theory]
    [InlineData(WireHeaders.Sequence, "many")]
    [InlineData(WireHeaders.Sequence, long.MaxValue)]
    [InlineData(WireHeaders.OccurredAt, "yesterday")]
    public void A_header_that_cannot_be_read_is_malformed(string header, object value)
    {
        var message = Message(Paid);
        message = message with { Headers = new Dictionary<string, object?>(message.Headers) { [header] = value } };

        Assert.Throws<MalformedMessageException>(() => Read(message));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_replayed_event_is_marked_as_such(bool asEnvelope)
    {
        var @event = Event() with { IsReplayed = true };

        var message = WireFormat.Write(@event, traceParent: null, asEnvelope);

        Assert.Equal(true, message.Headers["replayed"]);
        Assert.True(Read(message)!.IsReplayed);
    }

    /// <summary>An event whose body is the JSON string <c>"one"</c>.</summary>
    private static EventEnvelope Event(string type = Paid) => new(
        Guid.CreateVersion7(),
        type,
        Stream: "stream-1",
        Sequence: 1,
        CorrelationId: Guid.CreateVersion7(),
        CausationId: Guid.CreateVersion7(),
        DateTimeOffset.UtcNow,
        TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        JsonSerializer.SerializeToUtf8Bytes("one"));

    private static TransportMessage Message(string type)
    {
        var @event = Event(type);
        return WireFormat.Write(@event, @event.TraceParent);
    }

    private static EventEnvelope? Read(TransportMessage message) =>
        WireFormat.Read(message, type => type is Placed or Paid, Now);
}
