using Npgsql;
using OrderPlatform.DeploymentGenerator;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>The permissions in <c>deploy/</c>, checked without running a service.</summary>
public sealed class PermissionTests(PermissionTests.Servers servers) : IClassFixture<PermissionTests.Servers>
{
    private static readonly string[] Services = [.. ServiceList.Read(Repository.Path()).Services.Select(service => service.Name)];

    /// <summary>One event of each service that publishes any.</summary>
    private static readonly Dictionary<string, string> EventOf = ServiceList.Read(Repository.Path()).Services
        .Where(service => service.Publishes.Count > 0)
        .ToDictionary(service => service.Name, service => $"{service.Namespace}:{service.Publishes[0]}");

    public static TheoryData<string, string> Pairs => [.. from one in Services from other in Services select (one, other)];

    public static TheoryData<string, string> UsersAndProducers => [.. from one in Services from other in EventOf.Keys select (one, other)];

    [Theory]
    [MemberData(nameof(UsersAndProducers))]
    public async Task A_service_can_publish_only_its_own_events(string user, string producer)
    {
        var refused = await IsRefused(user, channel =>
            channel.BasicPublishAsync(EventOf[producer], "", mandatory: true, new BasicProperties(), ReadOnlyMemory<byte>.Empty).AsTask());

        Assert.Equal(user != producer, refused);
    }

    /// <summary>A replayed event is like any other: a service that could send one could forge it.</summary>
    [Theory]
    [MemberData(nameof(UsersAndProducers))]
    public async Task A_service_can_replay_only_its_own_events(string user, string producer)
    {
        var refused = await IsRefused(user, channel => channel.BasicPublishAsync(
            $"{EventOf[producer].Split(':')[0]}:replay", "", mandatory: false, new BasicProperties(), ReadOnlyMemory<byte>.Empty).AsTask());

        Assert.Equal(user != producer, refused);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_service_can_read_only_its_own_queues(string user, string queue)
    {
        foreach (var suffix in (string[])["", "_error", "_skipped"])
            Assert.Equal(user != queue, await IsRefused(user, channel => channel.BasicGetAsync($"{queue}{suffix}", autoAck: false)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_service_can_send_only_to_its_own_queues(string user, string queue) =>
        Assert.Equal(user != queue, await IsRefused(user, channel =>
            channel.BasicPublishAsync(queue, "", mandatory: true, new BasicProperties(), ReadOnlyMemory<byte>.Empty).AsTask()));

    /// <summary>Otherwise it could read the events of others, or cut others off.</summary>
    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_service_can_declare_and_delete_only_its_own_queues(string user, string owner)
    {
        var queue = $"{owner}_{Guid.NewGuid():N}";
        await using (var administrator = await PatientClients.Connect(servers.Broker.Uri))
        await using (var channel = await administrator.CreateChannelAsync())
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false);

        Assert.Equal(user != owner, await IsRefused(user, channel => channel.QueueDeleteAsync(queue)));
        Assert.Equal(user != owner, await IsRefused(user, channel => channel.QueueDeclareAsync($"{queue}_new")));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_service_can_connect_only_to_its_own_database(string user, string owner)
    {
        var address = new NpgsqlConnectionStringBuilder(servers.Databases[user].ConnectionString)
        {
            Database = new NpgsqlConnectionStringBuilder(servers.Databases[owner].ConnectionString).Database,
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(address.Patient().ConnectionString);

        var refusal = await Record.ExceptionAsync(() => connection.OpenAsync());

        Assert.Equal(user == owner ? null : PostgresErrorCodes.InsufficientPrivilege, (refusal as PostgresException)?.SqlState);
        Assert.Equal(user == owner, refusal is null);
    }

    /// <summary>With publisher confirms, so that a refusal arrives before the answer.</summary>
    private async Task<bool> IsRefused(string user, Func<IChannel, Task> action)
    {
        await using var connection = await PatientClients.Connect(servers.Users[user]);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
        try
        {
            await action(channel);
            return false;
        }
        catch (Exception exception) when (ReasonOf(exception, channel) is { } reason)
        {
            Assert.Equal(Constants.AccessRefused, reason.ReplyCode);
            return true;
        }
    }

    private static ShutdownEventArgs? ReasonOf(Exception exception, IChannel channel) =>
        exception as OperationInterruptedException is { } interrupted ? interrupted.ShutdownReason : channel.CloseReason;

    public sealed class Servers : IAsyncLifetime
    {
        public TestBroker Broker { get; private set; } = null!;

        public Dictionary<string, Uri> Users { get; } = [];

        public Dictionary<string, TestDatabase> Databases { get; } = [];

        public async ValueTask InitializeAsync()
        {
            var definitions = Repository.Path("deploy", "rabbitmq", "definitions.json");
            Broker = await TestBroker.CreateVhost(definitions);
            var users = await File.ReadAllTextAsync(definitions);
            var script = await File.ReadAllTextAsync(Repository.Path("deploy", "postgres", "service.sql"));
            foreach (var service in Services)
            {
                Users[service] = await Broker.AddUser(users, service);
                Databases[service] = await TestDatabase.Create(script);
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var database in Databases.Values)
                await database.DisposeAsync();
            if (Broker is not null)
                await Broker.DisposeAsync();
        }
    }
}
