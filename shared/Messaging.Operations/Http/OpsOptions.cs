namespace OrderPlatform.Messaging.Operations.Http;

/// <summary>Settings of <c>/ops</c>, in the configuration section <c>Ops</c>.</summary>
public sealed class OpsOptions
{
    /// <summary>
    /// The services of the platform, including this one, by name: each with the address at which operators' browsers reach it, such as
    /// <c>https://orders.example.com</c>. Only their pages may show this service's timelines.
    /// </summary>
    public Dictionary<string, Uri> Peers { get; init; } = [];

    /// <summary>Their origins, as browsers send them.</summary>
    internal string[] Origins => [.. Peers.Values.Select(peer => peer.GetLeftPart(UriPartial.Authority))];
}
