namespace OrderPlatform.DeploymentGenerator;

/// <summary>One section of <c>deploy/services.ini</c>.</summary>
/// <param name="Project">The name of its project in <c>services/</c>, and of the namespace of its contracts.</param>
/// <param name="Port">On the host.</param>
/// <param name="Publishes">Events for other services.</param>
/// <param name="Records">Events for its own history alone.</param>
/// <param name="Consumes">Events of other services.</param>
public sealed record Service(
    string Project, int Port, IReadOnlyList<string> Publishes, IReadOnlyList<string> Records, IReadOnlyList<string> Consumes)
{
    /// <summary>Of its container, queue, database and users.</summary>
    public string Name => Project.ToLowerInvariant();

    /// <summary>The environment variable that chooses another port.</summary>
    public string PortVariable => $"{Project.ToUpperInvariant()}_PORT";

    /// <summary>What its events' exchanges begin with: <c>OrderPlatform.Contracts.Orders</c>.</summary>
    public string Namespace => $"OrderPlatform.Contracts.{Project}";
}
