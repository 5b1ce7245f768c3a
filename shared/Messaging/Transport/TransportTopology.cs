namespace OrderPlatform.Messaging.Transport;

/// <summary>What a service needs from the broker, as registered in Program.cs.</summary>
/// <param name="Service">The service's name; the names of its queues begin with it.</param>
/// <param name="Published">The wire addresses of the events that the service publishes.</param>
/// <param name="Queues">The wire addresses of the events that each queue takes.</param>
public sealed record TransportTopology(
    string Service, IReadOnlyCollection<string> Published, IReadOnlyDictionary<string, IReadOnlyCollection<string>> Queues);
