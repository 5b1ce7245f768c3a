using System.Diagnostics;

namespace OrderPlatform.Messaging.Tracing;

/// <summary>The cause of later events. Work that continues after the unit of work stores the cause with its row.</summary>
/// <param name="EventId">The event that was handled.</param>
/// <param name="TraceParent">W3C trace context; null when the event was not traced.</param>
public sealed record Cause(Guid EventId, string? TraceParent)
{
    /// <summary>Continues the trace. Dispose the span when the work is done.</summary>
    /// <param name="name">The name of the work in traces.</param>
    public Activity? Continue(string name) => MessagingTelemetry.Start(name, ActivityKind.Internal, TraceParent);
}
