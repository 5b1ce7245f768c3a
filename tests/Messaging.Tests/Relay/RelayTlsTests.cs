using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Relay;

/// <summary>A service with TLS trusts only the configured authority, and the relay's health says why it does not publish.</summary>
public sealed class RelayTlsTests : SampleServiceTest
{
    private TlsProxy tls = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        tls = new TlsProxy(Broker.Uri);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await tls.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("MassTransit")]
    [InlineData("RabbitMq")]
    public async Task Events_flow_through_a_broker_certified_by_the_configured_authority(string transport)
    {
        var service = await Start(transport, tls.Address(tls.AuthorityFile));
        var account = Guid.CreateVersion7();

        await service.Open(account);
        await service.Deposit(account, 7);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 7 });
    }

    [Theory]
    [InlineData("MassTransit")]
    [InlineData("RabbitMq")]
    public async Task A_broker_certified_by_another_authority_is_refused(string transport) =>
        await IsRefused(transport, tls.Address(tls.WrongAuthorityFile));

    [Fact]
    public async Task A_broker_certified_by_a_private_authority_is_refused_when_none_is_configured() =>
        await IsRefused("MassTransit", tls.Address(authority: null));

    [Fact]
    public async Task A_broker_with_a_certificate_for_another_host_is_refused() =>
        await IsRefused("MassTransit", tls.Address(tls.AuthorityFile, host: "127.0.0.1"));

    private async Task IsRefused(string transport, string address)
    {
        var service = await Start(transport, address);

        await Eventually.Is(async () =>
            (await service.Relay.CheckHealthAsync(new(), Cancellation)).Description?.Contains("certificate", StringComparison.Ordinal) == true);
    }

    private Task<SampleHost> Start(string transport, string address) =>
        Service().With("Messaging:Transport", transport).WithBroker(new Uri(address)).Start();
}
