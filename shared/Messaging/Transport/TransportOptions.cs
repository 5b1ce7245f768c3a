using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Transport;

/// <summary>How events travel, in the configuration section <c>Messaging</c>.</summary>
public sealed class TransportOptions
{
    /// <summary>Which of the service's adapters carries its events, such as <c>RabbitMq</c>; by default the first that it adds.</summary>
    public string? Transport { get; init; }

    /// <summary>The maximum number of unacknowledged messages that a queue hands to one instance.</summary>
    [Range(1, 2000)]
    public ushort Prefetch { get; init; } = 300;

    /// <summary>
    /// Events that are published in MassTransit's envelope, by the names of their contracts, for consumers that read nothing else. All
    /// others are raw JSON.
    /// </summary>
    public string[] Envelopes { get; init; } = [];
}
