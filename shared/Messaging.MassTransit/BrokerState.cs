using MassTransit;

namespace OrderPlatform.Messaging.MassTransit;

/// <summary>Whether the service is connected to the broker, as MassTransit knows it; asking costs nothing.</summary>
internal sealed class BrokerState(IBusControl bus)
{
    /// <summary>The connection stands, and every queue is being consumed.</summary>
    public bool IsUp => bus.CheckHealth().Status == BusHealthStatus.Healthy;
}
