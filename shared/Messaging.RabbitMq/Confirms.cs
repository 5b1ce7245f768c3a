using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Counts publisher confirms, which arrive one at a time or several at once, and not always in order.</summary>
internal sealed class Confirms
{
    /// <summary>For channels whose confirms are counted here. The client's own tracking would add a header to every message.</summary>
    public static readonly CreateChannelOptions Options = new(
        publisherConfirmationsEnabled: true,
        publisherConfirmationTrackingEnabled: false,
        outstandingPublisherConfirmationsRateLimiter: null);

    private readonly Lock gate = new();
    private readonly HashSet<ulong> ahead = [];
    private readonly Queue<(ulong Tag, TaskCompletionSource Done)> waiting = new();
    private ulong confirmed;
    private Exception? failure;

    /// <summary>Whether a message can no longer be confirmed.</summary>
    public bool HasFailed
    {
        get
        {
            lock (gate)
                return failure is not null;
        }
    }

    /// <summary>Counts the confirms of a channel, and fails when the broker refuses a message or closes the channel.</summary>
    public void Follow(IChannel channel)
    {
        channel.BasicAcksAsync += (_, ack) => Do(() => Ack(ack.DeliveryTag, ack.Multiple));
        channel.BasicNacksAsync += (_, nack) =>
            Do(() => Fail(new IOException($"The broker refused message {nack.DeliveryTag} on this channel.")));
        channel.ChannelShutdownAsync += (_, reason) =>
            Do(() => Fail(new IOException($"The broker closed the channel: {reason.ReplyText}")));
    }

    /// <summary>The same, for messages that must all reach a queue: also fails when the broker returns one.</summary>
    public static Confirms Of(IChannel channel)
    {
        var confirms = new Confirms();
        confirms.Follow(channel);
        channel.BasicReturnAsync += (_, message) => Do(() => confirms.Fail(Unroutable(message.Exchange, message.ReplyText)));
        return confirms;
    }

    /// <summary>The failure of a message that the broker has returned.</summary>
    public static IOException Unroutable(string exchange, string reason) => new(
        $"no queue is bound to exchange '{exchange}' ({reason}): its events wait until a consumer or the deployment declares one");

    /// <summary>Completes when every message up to a delivery tag is confirmed; fails when one of them cannot be.</summary>
    public Task UpTo(ulong tag)
    {
        lock (gate)
        {
            if (failure is not null)
                return Task.FromException(failure);
            if (tag <= confirmed)
                return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue((tag, done));
            return done.Task;
        }
    }

    public void Ack(ulong tag, bool multiple)
    {
        lock (gate)
        {
            if (multiple)
            {
                confirmed = Math.Max(confirmed, tag);
                ahead.RemoveWhere(other => other <= confirmed);
            }
            else
            {
                ahead.Add(tag);
            }

            while (ahead.Remove(confirmed + 1))
                confirmed++;
            while (failure is null && waiting.TryPeek(out var next) && next.Tag <= confirmed)
                waiting.Dequeue().Done.SetResult();
        }
    }

    public void Fail(Exception exception)
    {
        lock (gate)
        {
            failure ??= exception;
            while (waiting.TryDequeue(out var next))
                next.Done.SetException(failure);
        }
    }

    public void ThrowIfFailed()
    {
        lock (gate)
        {
            if (failure is not null)
                throw failure;
        }
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
