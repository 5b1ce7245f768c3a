using System.Diagnostics;

namespace OrderPlatform.Messaging;

/// <summary>
/// A piece of work that can wait, and that the flow of events goes before: after each turn it rests for nineteen times as long, ten seconds
/// at most, so that it takes a twentieth of a processor, whatever the machine.
/// </summary>
internal readonly struct Turn
{
    private const int Rests = 19;

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private readonly long began;

    private Turn(long began) => this.began = began;

    /// <summary>It begins.</summary>
    public static Turn Begin() => new(Stopwatch.GetTimestamp());

    /// <summary>It is over.</summary>
    public Task Rest(CancellationToken stop)
    {
        var rest = Rests * Stopwatch.GetElapsedTime(began);
        return Task.Delay(rest < LongestRest ? rest : LongestRest, stop);
    }
}
