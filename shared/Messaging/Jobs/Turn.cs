using System.Diagnostics;

namespace OrderPlatform.Messaging;

/// <summary>
/// A piece of work that can wait, and that the flow of events goes before: after each turn it rests for so long, ten seconds at most, that
/// it takes no more than <see cref="MessagingOptions.BackgroundShare"/> of the time.
/// </summary>
internal readonly struct Turn
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private readonly double share;
    private readonly long began;

    private Turn(double share) => (this.share, began) = (share, Stopwatch.GetTimestamp());

    /// <summary>It begins.</summary>
    public static Turn Begin(MessagingOptions options) => new(options.BackgroundShare);

    /// <summary>It is over.</summary>
    public Task Rest(CancellationToken stop)
    {
        var rest = Stopwatch.GetElapsedTime(began) * (1 / share - 1);
        return Task.Delay(rest < LongestRest ? rest : LongestRest, stop);
    }
}
