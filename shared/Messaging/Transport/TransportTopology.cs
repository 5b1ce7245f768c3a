namespace OrderPlatform.Messaging.Transport;

/// <summary>What a service needs of the broker, as Program.cs says it.</summary>
/// <param name="Service">The service's name, with which its queues begin.</param>
/// <param name="Published">The wire addresses of the events that the service publishes.</param>
/// <param name="Queues">By queue, the wire addresses of the events that it takes.</param>
public sealed record TransportTopology(
    string Service, IReadOnlyCollection<string> Published, IReadOnlyDictionary<string, IReadOnlyCollection<string>> Queues);
