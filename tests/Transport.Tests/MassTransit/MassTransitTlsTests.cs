using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Testing;
using OrderPlatform.Transport.Tests.Conformance;
using RabbitMQ.Client;

namespace OrderPlatform.Transport.Tests.MassTransit;

/// <summary>
/// MassTransit accepts any certificate unless it is told otherwise. Usually the library finds an untrusted one first, while it waits for
/// the broker; here that wait is skipped.
/// </summary>
public sealed class MassTransitTlsTests : IAsyncLifetime
{
    private TestBroker broker = null!;
    private TlsProxy tls = null!;

    public async ValueTask InitializeAsync()
    {
        broker = await TestBroker.CreateVhost();
        tls = new TlsProxy(broker.Uri);
    }

    public async ValueTask DisposeAsync()
    {
        await tls.DisposeAsync();
        await broker.DisposeAsync();
    }

    [Fact]
    public Task A_broker_certified_by_another_authority_is_refused() => IsRefused(tls.Address(tls.WrongAuthorityFile));

    [Fact]
    public Task A_broker_certified_by_a_private_authority_is_refused_when_none_is_configured() => IsRefused(tls.Address(authority: null));

    [Fact]
    public Task A_broker_with_a_certificate_for_another_host_is_refused() => IsRefused(tls.Address(tls.AuthorityFile, host: "127.0.0.1"));

    private static async Task IsRefused(string address)
    {
        await using var host = ConformanceHost.Build(
            messaging =>
            {
                messaging.Services.AddSingleton<BrokerGate, NoWait>();
                messaging.UseMassTransit();
            },
            address,
            new ConformanceHost.Settings());
        await host.Start(TestContext.Current.CancellationToken);

        var bus = host.Services.GetRequiredService<IBusControl>();
        await Eventually.Is(() =>
            bus.CheckHealth().Exception?.GetBaseException().Message.Contains("certificate", StringComparison.Ordinal) == true);
    }

    private sealed class NoWait(
        BrokerAddress address, RabbitMqConnections connections, IHostApplicationLifetime lifetime, ILogger<BrokerGate> logger)
        : BrokerGate(connections, lifetime, logger)
    {
        public override Task<AmqpTcpEndpoint> WaitForBroker() => Task.FromResult(address.Endpoints().First());
    }
}
