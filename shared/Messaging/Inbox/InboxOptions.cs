using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>How messages are retried, in the configuration section <c>Messaging</c>.</summary>
public sealed class InboxOptions
{
    /// <summary>How many times a message is retried after its handler failed, before it becomes a dead letter.</summary>
    [Range(0, 20)]
    public int Retries { get; init; } = 3;

    /// <summary>The interval at which deferred events whose handlers threw are tried again.</summary>
    public TimeSpan DeferredRetryInterval { get; init; } = TimeSpan.FromSeconds(2);
}
