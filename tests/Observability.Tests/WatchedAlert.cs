namespace OrderPlatform.Observability.Tests;

/// <summary>An alert of a service as Prometheus and Alertmanager see it, from before a fault until after it.</summary>
public sealed class WatchedAlert
{
    private readonly Monitoring monitoring;
    private readonly string name;
    private readonly Service service;
    private readonly DateTimeOffset begin = DateTimeOffset.UtcNow;

    private WatchedAlert(Monitoring monitoring, string name, Service service) =>
        (this.monitoring, this.name, this.service) = (monitoring, name, service);

    /// <summary>Begins when the alert is inactive.</summary>
    public static async Task<WatchedAlert> Begin(Monitoring monitoring, string name, Service service)
    {
        await new WatchedAlert(monitoring, name, service).Ends();
        return new WatchedAlert(monitoring, name, service);
    }

    /// <summary>Waits until it fires, having been pending first, and until Alertmanager notifies.</summary>
    public Task Fires() => Fires("active");

    /// <summary>The same, but Alertmanager suppresses it, because the alert for the cause fires as well.</summary>
    public Task FiresSilenced() => Fires("suppressed");

    /// <summary>Waits until it is resolved in Prometheus and in Alertmanager.</summary>
    public async Task Ends()
    {
        await Eventually.Is(async () => await State() == "inactive", $"{name} of {service.Name} ends");
        await IsNotified(null);
    }

    public Task<string> State() => monitoring.Prometheus.State(name, Monitoring.JobOf(service));

    private async Task Fires(string notified)
    {
        await Eventually.Is(async () => await State() == "firing", $"{name} of {service.Name} fires");
        await IsNotified(notified);
        Assert.True(await Since("pending") < await Since("firing"), $"{name} was not pending before it fired.");
    }

    private Task<double?> Since(string state) => monitoring.Prometheus.Since(name, Monitoring.JobOf(service), state, begin);

    private Task IsNotified(string? state) => Eventually.Is(
        async () => await monitoring.Notified(name, service) == state,
        $"{name} of {service.Name} is {state ?? "resolved"} at Alertmanager");
}
