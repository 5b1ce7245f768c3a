using System.Diagnostics;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Tracing;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Tests.Tracing;

public sealed class MessagingTelemetryTests : IDisposable
{
    private readonly ActivityListener listener = new()
    {
        ShouldListenTo = source => source.Name == MessagingTelemetry.SourceName,
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
    };

    public MessagingTelemetryTests() => ActivitySource.AddActivityListener(listener);

    public void Dispose() => listener.Dispose();

    [Fact]
    public void Spans_name_the_broker_of_the_transport()
    {
        var system = new MessagingSystem("kafka");
        var cause = new ActivityContext(
            ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        var @event = new EventEnvelope(
            Guid.CreateVersion7(),
            "OrderPlatform.Messaging.Testing:Opened",
            "account",
            Sequence: 1,
            CorrelationId: Guid.CreateVersion7(),
            CausationId: null,
            DateTimeOffset.UtcNow,
            $"00-{cause.TraceId}-{cause.SpanId}-01",
            Body: default);

        using var publishing = MessagingTelemetry.StartPublishing(system, @event);
        using var handling = MessagingTelemetry.StartHandling(system, "inventory", @event);

        Assert.Equal("kafka", publishing?.GetTagItem("messaging.system"));
        Assert.Equal("kafka", handling?.GetTagItem("messaging.system"));
    }
}
