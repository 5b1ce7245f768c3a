using System.Diagnostics;

namespace OrderPlatform.Messaging;

/// <summary>The library's spans: one for each event that a handler gets, below whatever caused the event.</summary>
internal static class MessagingTelemetry
{
    public const string SourceName = "OrderPlatform.Messaging";

    private static readonly ActivitySource Source = new(SourceName);

    public static Activity? StartHandling(string queue, IncomingEvent message)
    {
        if (!Source.HasListeners())
            return null;
        var name = message.Type[(message.Type.LastIndexOf(':') + 1)..];
        var activity = Start($"{queue} process {name}", ActivityKind.Consumer, message.TraceParent);
        activity?.SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "process")
            .SetTag("messaging.destination.name", queue)
            .SetTag("messaging.message.id", message.EventId)
            .SetTag("messaging.message.conversation_id", message.CorrelationId);
        return activity;
    }

    public static Activity? Start(string name, ActivityKind kind, string? traceParent)
    {
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var cause);
        return Source.StartActivity(name, kind, cause);
    }
}
