using System.Diagnostics;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Tracing;

/// <summary>
/// The library's spans. An event's path is one trace: the work that appended it, its publishing, its handling, and so on. A transaction
/// that holds the work of many units has its own trace, linked to all of theirs.
/// </summary>
internal static class MessagingTelemetry
{
    public const string SourceName = "OrderPlatform.Messaging";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>From an event's occurrence until it is sent, as a child of its cause; null when its trace is not recorded.</summary>
    public static Activity? StartPublishing(MessagingSystem system, EventEnvelope @event)
    {
        if (RecordedContext(@event.TraceParent) is not { } cause)
            return null;
        var now = DateTimeOffset.UtcNow;
        var activity = Source.StartActivity(
            $"publish {EventTypes.ShortNameOf(@event.Type)}",
            ActivityKind.Producer,
            cause,
            // The database's clock may be ahead of this one.
            startTime: @event.OccurredAt < now ? @event.OccurredAt : now);
        return Describe(activity, system, "send", @event.Type, @event.EventId, @event.CorrelationId);
    }

    /// <summary>A handler's work, a child of the span that published the event.</summary>
    public static Activity? StartHandling(MessagingSystem system, string queue, EventEnvelope message) => Source.HasListeners()
        ? Describe(
            Start($"{queue} process {EventTypes.ShortNameOf(message.Type)}", ActivityKind.Consumer, message.TraceParent),
            system,
            "process",
            queue,
            message.EventId,
            message.CorrelationId)
        : null;

    /// <summary>
    /// A transaction, with a link to each recorded unit that it holds. With a single recorded unit, it is part of that unit's trace as
    /// well; null when there is none.
    /// </summary>
    /// <param name="name">The service or queue that the units belong to.</param>
    /// <param name="traceParents">The trace context of each unit.</param>
    public static Activity? StartCommit(string name, IEnumerable<string?> traceParents)
    {
        if (!Source.HasListeners())
            return null;
        var units = new List<ActivityLink>();
        foreach (var traceParent in traceParents)
        {
            if (RecordedContext(traceParent) is { } unit)
                units.Add(new ActivityLink(unit));
        }

        if (units.Count == 0)
            return null;
        Activity.Current = null;
        return Source.StartActivity(
            ActivityKind.Internal, units.Count == 1 ? units[0].Context : default, links: units, name: $"{name} commit");
    }

    /// <summary>Continues the trace of a cause, with a link to the current span if that belongs to another trace.</summary>
    public static Activity? Start(string name, ActivityKind kind, string? traceParent)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var cause);
        ActivityLink[]? links = Activity.Current is { Recorded: true } current && cause != default && current.TraceId != cause.TraceId
            ? [new ActivityLink(current.Context)]
            : null;
        return Source.StartActivity(name, kind, cause, links: links);
    }

    public static void Failed(this Activity? activity, Exception exception) =>
        activity?.AddException(exception).SetStatus(ActivityStatusCode.Error, exception.Message);

    private static Activity? Describe(
        Activity? activity, MessagingSystem system, string operation, string destination, Guid eventId, Guid correlationId) => activity?
        .SetTag("messaging.system", system.Name)
        .SetTag("messaging.operation.type", operation)
        .SetTag("messaging.destination.name", destination)
        .SetTag("messaging.message.id", eventId)
        .SetTag("messaging.message.conversation_id", correlationId);

    /// <summary>Most traces are recorded, or none is: checking the last character first costs less than parsing the whole text.</summary>
    private static ActivityContext? RecordedContext(string? traceParent) =>
        traceParent is [.., not '0'] && ActivityContext.TryParse(traceParent, null, isRemote: true, out var context)
            && context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
            ? context
            : null;
}
