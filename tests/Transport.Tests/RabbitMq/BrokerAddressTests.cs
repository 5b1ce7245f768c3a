using OrderPlatform.Messaging.RabbitMq;

namespace OrderPlatform.Transport.Tests.RabbitMq;

/// <summary>The connection string of the broker.</summary>
public sealed class BrokerAddressTests
{
    private const string Unescaped =
        "a '/' in the user name, the password or the virtual host must be written as %2F, a '#' as %23";

    [Fact]
    public void It_contains_user_password_node_and_virtual_host()
    {
        var address = new BrokerAddress("amqp://or%40ders:p%3Aw%2F%25@broker.example:5673/my%2Fhost");

        Assert.Equal(("or@ders", "p:w/%", "my/host", false), (address.UserName, address.Password, address.VirtualHost, address.IsTls));
        Assert.Equal([new BrokerNode("broker.example", 5673)], address.Nodes);
    }

    [Theory]
    [InlineData("amqp://localhost", 5672)]
    [InlineData("amqp://localhost/", 5672)]
    [InlineData("amqps://localhost", 5671)]
    public void Omitted_parts_default_to_the_usual_port_and_virtual_host(string text, int port)
    {
        var address = new BrokerAddress(text);

        Assert.Equal(("guest", "guest", "/"), (address.UserName, address.Password, address.VirtualHost));
        Assert.Equal([new BrokerNode("localhost", port)], address.Nodes);
    }

    [Fact]
    public void It_can_list_several_nodes()
    {
        var address = new BrokerAddress("amqps://u:p@one:5001,two,[::1]:5003/");

        Assert.Equal([new BrokerNode("one", 5001), new BrokerNode("two", 5671), new BrokerNode("[::1]", 5003)], address.Nodes);
        Assert.All(address.Endpoints().Zip(address.Nodes), pair =>
        {
            Assert.True(pair.First.Ssl.Enabled);
            Assert.Equal(pair.Second.Host, pair.First.Ssl.ServerName);
        });
    }

    [Theory]
    [InlineData("rabbitmq://guest:secret@localhost/", "it must begin with amqp:// or amqps://")]
    [InlineData("localhost:5672", "it must begin with amqp:// or amqps://")]
    [InlineData("", "it must begin with amqp:// or amqps://")]
    [InlineData("amqp://", "a host is missing")]
    [InlineData("amqp:///", "a host is missing")]
    [InlineData("amqp://guest:secret@/", "a host is missing")]
    [InlineData("amqp://guest:secret@one,/", "a host is missing")]
    [InlineData("amqp://guest:sec:ret@localhost/", "a ':' in the user name or the password must be written as %3A")]
    [InlineData("amqp://guest:sec@ret@localhost/", "a '@' in the user name or the password must be written as %40")]
    [InlineData("amqp://guest@localhost/", "it names a user but no password")]
    [InlineData("amqp://localhost/a/b", Unescaped)]
    [InlineData("amqp://guest:sec/ret@localhost/", Unescaped)]
    [InlineData("amqp://guest:sec#ret@localhost/", Unescaped)]
    [InlineData("amqp://localhost/?cacertfile=ca.crt", "'cacertfile' is not a parameter of an address that begins with amqp:")]
    [InlineData("amqps://localhost/?cacert=ca.crt", "'cacert' is not a parameter of an address that begins with amqps:")]
    [InlineData("amqps://localhost/?verify=none", "'verify' is not a parameter of an address that begins with amqps:")]
    public void An_unusable_address_is_refused_with_one_sentence(string address, string reason)
    {
        var refused = Assert.Throws<ArgumentException>(() => new BrokerAddress(address));

        Assert.Equal($"The setting ConnectionStrings:Broker cannot be used: {reason}.", refused.Message);
    }

    [Theory]
    [InlineData("amqp://guest:sec/ret@localhost")]
    [InlineData("amqp://localhost:secret/")]
    [InlineData("amqp://localhost:99999/")]
    [InlineData("amqp://localhost:0/")]
    public void An_invalid_port_is_refused_and_not_quoted(string address)
    {
        var refused = Assert.Throws<ArgumentException>(() => new BrokerAddress(address));

        Assert.Contains("its port", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sec", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("amqp://u:p@node:5672/", "rabbitmq://node:5672/orders")]
    [InlineData("amqps://u:p@node:5671/a%2Fb", "rabbitmqs://node:5671/a%2Fb/orders")]
    public void A_queue_has_the_address_that_MassTransit_gives_it(string address, string expected)
    {
        var broker = new BrokerAddress(address);

        Assert.Equal(expected, broker.AddressOf(broker.Nodes[0], "orders").AbsoluteUri);
    }
}
