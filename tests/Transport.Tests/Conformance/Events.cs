using System.Text.Json;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Transport.Tests.Conformance;

/// <summary>Events of a service named <c>sample</c>.</summary>
internal static class Events
{
    public const string Placed = "Transport.Sample:Placed";
    public const string Paid = "Transport.Sample:Paid";

    /// <summary>An event whose body is a name that identifies it in the test.</summary>
    public static EventEnvelope Of(string type, string name) => new(
        Guid.CreateVersion7(),
        type,
        Stream: "stream-1",
        Sequence: 1,
        CorrelationId: Guid.CreateVersion7(),
        CausationId: Guid.CreateVersion7(),
        DateTimeOffset.UtcNow,
        TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        JsonSerializer.SerializeToUtf8Bytes(name));

    public static string NameOf(EventEnvelope @event) => JsonSerializer.Deserialize<string>(@event.Body.Span)!;

    public static string NameOf(ReadOnlyMemory<byte> body) => JsonSerializer.Deserialize<string>(body.Span)!;

    public static OutgoingMessage Message(string type, string name) => Message(Of(type, name));

    public static OutgoingMessage Message(EventEnvelope @event) => new(@event.Type, WireFormat.Write(@event, @event.TraceParent));

    /// <summary>Events of one type, named <c>0</c>, <c>1</c> and so on.</summary>
    public static OutgoingMessage[] Messages(int count, string type = Placed) =>
        [.. Enumerable.Range(0, count).Select(number => Message(type, Number(number)))];

    public static string Number(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
