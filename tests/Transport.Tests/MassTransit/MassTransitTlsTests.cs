using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrderPlatform.Messaging.MassTransit;
using OrderPlatform.Messaging.RabbitMq;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Tests.Transport;

/// <summary>With TLS, relay and consumer trust only the configured authority.</summary>
public sealed class TlsTests(TlsBroker tls) : SampleServiceTest
{
    [Theory]
    [InlineData("MassTransit", Explicit = true)]
    [InlineData("RabbitMq")]
    public async Task Events_flow_through_a_broker_certified_by_the_configured_authority(string transport)
    {
        var service = await Service().With("Messaging:Transport", transport).WithBroker(await Trusting(tls.AuthorityFile)).Start();
        var account = Guid.CreateVersion7();

        await service.Open(account);
        await service.Deposit(account, 7);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 7 });
    }

    [LongFact]
    public async Task Relay_and_consumer_refuse_a_broker_certified_by_another_authority() =>
        await IsRefused(await Trusting(tls.WrongAuthorityFile));

    [Fact]
    public async Task RabbitMq_refuses_a_broker_certified_by_another_authority()
    {
        var service = await Service()
            .With("Messaging:Transport", "RabbitMq")
            .WithBroker(await Trusting(tls.WrongAuthorityFile))
            .Start();

        await Eventually.Is(async () => SaysCertificate((await service.Relay.CheckHealthAsync(new(), Cancellation)).Description));
    }

    [Fact]
    public async Task A_broker_certified_by_a_private_authority_is_refused_when_none_is_configured() => await IsRefused(await tls.Address);

    [Fact]
    public async Task A_broker_with_a_certificate_for_another_host_is_refused()
    {
        var address = await Trusting(tls.AuthorityFile);

        await IsRefused(new Uri(address.AbsoluteUri.Replace("@localhost:", "@127.0.0.1:", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("amqp://localhost/?cacertfile=ca.crt")]
    [InlineData("amqps://localhost/?cacert=ca.crt")]
    public void An_address_that_only_looks_secure_is_refused(string address) =>
        Assert.Throws<ArgumentException>(() => new BrokerAddress(address));

    /// <summary>Relay and consumer each try to connect, and each reports the certificate as the reason.</summary>
    private async Task IsRefused(Uri broker)
    {
        var service = await Service().WithBroker(broker).WithServices(services => services.AddSingleton<BrokerGate, NoWait>()).Start();

        await Eventually.Is(async () => SaysCertificate((await service.Relay.CheckHealthAsync(new(), Cancellation)).Description));
        await Eventually.Is(() => SaysCertificate(service.Bus.CheckHealth().Exception?.GetBaseException().Message));
    }

    private static bool SaysCertificate(string? reason) => reason?.Contains("certificate", StringComparison.Ordinal) == true;

    private async Task<Uri> Trusting(string authority) => new($"{await tls.Address}?cacertfile={Uri.EscapeDataString(authority)}");

    /// <summary>Skips the wait for the broker, so that MassTransit itself must refuse the certificate.</summary>
    private sealed class NoWait(
        BrokerAddress address, RabbitMqConnections connections, IHostApplicationLifetime lifetime, ILogger<BrokerGate> logger)
        : BrokerGate(connections, lifetime, logger)
    {
        public override Task<AmqpTcpEndpoint> WaitForBroker() => Task.FromResult(address.Endpoints().First());
    }
}
