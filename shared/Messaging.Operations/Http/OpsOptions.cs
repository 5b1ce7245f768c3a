namespace OrderPlatform.Messaging.Operations.Http;

/// <summary>What can be said about <c>/ops</c>, in the configuration section <c>Ops</c>.</summary>
public sealed class OpsOptions
{
    /// <summary>
    /// The services of the platform, this one among them, by name: each at the address by which the browsers of its operators know it, such
    /// as <c>https://orders.example.com</c>. Their pages, and no others, may show this service's timelines.
    /// </summary>
    public Dictionary<string, Uri> Peers { get; init; } = [];

    /// <summary>Their origins, as browsers send them.</summary>
    internal string[] Origins => [.. Peers.Values.Select(peer => peer.GetLeftPart(UriPartial.Authority))];
}
