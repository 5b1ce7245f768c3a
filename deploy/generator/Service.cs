namespace OrderPlatform.DeploymentGenerator;

/// <summary>One section of <c>deploy/services.ini</c>.</summary>
/// <param name="Project">The name of its project in <c>services/</c>, and of the namespace of its contracts.</param>
/// <param name="Port">Its port on the host.</param>
/// <param name="Publishes">Events for other services.</param>
/// <param name="Records">Events for its own history only.</param>
/// <param name="Consumes">Events of other services.</param>
public sealed record Service(
    string Project, int Port, IReadOnlyList<string> Publishes, IReadOnlyList<string> Records, IReadOnlyList<string> Consumes)
{
    /// <summary>The name of its container, queue, database and users.</summary>
    public string Name => Project.ToLowerInvariant();

    /// <summary>The environment variable that chooses another port.</summary>
    public string PortVariable => $"{Project.ToUpperInvariant()}_PORT";

    /// <summary>The prefix of its events' exchanges: <c>OrderPlatform.Contracts.Orders</c>.</summary>
    public string Namespace => $"OrderPlatform.Contracts.{Project}";
}
