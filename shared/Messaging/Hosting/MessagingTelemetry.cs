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
        ActivityContext.TryParse(message.TraceParent, null, isRemote: true, out var cause);
        var name = message.Type[(message.Type.LastIndexOf(':') + 1)..];
        var activity = Source.StartActivity($"{queue} process {name}", ActivityKind.Consumer, cause);
        activity?.SetTag("messaging.system", "rabbitmq")
            .SetTag("messaging.operation.type", "process")
            .SetTag("messaging.destination.name", queue)
            .SetTag("messaging.message.id", message.EventId)
            .SetTag("messaging.message.conversation_id", message.CorrelationId);
        return activity;
    }
}
