using System.Text;
using System.Text.Json;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Tests.Events;

public sealed class EventTypesTests
{
    private const string Address = "OrderPlatform.Messaging.Testing:Opened";

    private readonly EventTypes types = new();

    public EventTypesTests()
    {
        types.Publish(typeof(Opened));
        types.Record(typeof(Audited));
    }

    [Fact]
    public void The_wire_address_is_namespace_and_name()
    {
        Assert.Equal(Address, EventTypes.NameOf(typeof(Opened)));
        Assert.Equal(("OrderPlatform.Messaging.Testing", "Opened"), (EventTypes.ProducerOf(Address), EventTypes.ShortNameOf(Address)));
    }

    [Fact]
    public void Only_published_events_have_an_address_for_others()
    {
        Assert.Equal([Address], types.Published);
        Assert.Equal(Address, types.PublishedAs("Opened"));
        Assert.Equal(Address, types.PublishedAs(Address));
        Assert.Null(types.PublishedAs("Audited"));
        Assert.Null(types.PublishedAs("Lost"));
        Assert.Equal(("Audited, Opened", "Opened"), (types.KnownNames, types.PublishedNames));
    }

    [Fact]
    public void An_event_that_Program_does_not_name_can_neither_be_appended_nor_read()
    {
        Assert.Equal(Address, types.NameForAppending(new Opened(Guid.Empty)));
        Assert.Contains(
            "neither publishes nor records",
            Assert.Throws<InvalidOperationException>(() => types.NameForAppending(new Closed(Guid.Empty))).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => types.Read(Event("OrderPlatform.Messaging.Testing:Closed", "{}")));
    }

    [Fact]
    public void A_body_is_read_leniently_and_only_once()
    {
        var account = Guid.NewGuid();
        var @event = Event(Address, $$"""{"accountId":"{{account}}","addedLater":1}""");

        Assert.Equal(new Opened(account), types.Read(@event));
        Assert.Same(types.Read(@event), types.Read(@event));
        Assert.Throws<JsonException>(() => types.Read(Event(Address, "null")));
    }

    private static EventEnvelope Event(string type, string body) => new(
        Guid.NewGuid(), type, "stream", 1, Guid.Empty, CausationId: null, default, TraceParent: null, Encoding.UTF8.GetBytes(body));
}
