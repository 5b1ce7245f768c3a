using System.Text;
using RabbitMQ.Client;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>A queue of the test that receives the chosen events.</summary>
public sealed class Watch : IAsyncDisposable
{
    private readonly IConnection connection;
    private readonly IChannel channel;
    private readonly string queue;

    private Watch(IConnection connection, IChannel channel, string queue) =>
        (this.connection, this.channel, this.queue) = (connection, channel, queue);

    /// <param name="platform">The platform whose broker to use.</param>
    /// <param name="contracts">Their wire addresses without <c>OrderPlatform.Contracts.</c></param>
    public static async Task<Watch> Start(Platform platform, params string[] contracts)
    {
        var connection = await platform.Connect();
        var channel = await connection.CreateChannelAsync();
        var queue = (await channel.QueueDeclareAsync()).QueueName;
        foreach (var contract in contracts)
            await channel.QueueBindAsync(queue, $"OrderPlatform.Contracts.{contract}", "");
        return new Watch(connection, channel, queue);
    }

    /// <summary>Takes the messages that are in the queue now, in order.</summary>
    public async Task<IReadOnlyList<Published>> Take()
    {
        var events = new List<Published>();
        while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
        {
            events.Add(new Published(
                Guid.Parse(message.BasicProperties.MessageId!),
                Guid.Parse(Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers!["stream"]!)),
                (int)message.BasicProperties.Headers["sequence"]!));
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}

/// <summary>An event that was published.</summary>
public sealed record Published(Guid EventId, Guid Order, int Sequence);
