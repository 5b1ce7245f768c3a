using System.Diagnostics;

namespace OrderPlatform.Messaging.Tracing;

/// <summary>What made something happen. Work that goes on later, outside the unit that heard of it, keeps it with its row.</summary>
/// <param name="EventId">The event that was handled.</param>
/// <param name="TraceParent">W3C trace context; null when nothing traced it.</param>
public sealed record Cause(Guid EventId, string? TraceParent)
{
    /// <summary>Goes on with the trace. Dispose it when the work is done.</summary>
    /// <param name="name">What the work is called in traces.</param>
    public Activity? Continue(string name) => MessagingTelemetry.Start(name, ActivityKind.Internal, TraceParent);
}
