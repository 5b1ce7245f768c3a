using System.Diagnostics;

namespace OrderPlatform.Messaging;

/// <summary>
/// A piece of work that can wait, and that the flow of events goes before: after each turn it rests for nineteen times as long, so that it
/// takes a twentieth of a processor, whatever the machine.
/// </summary>
internal readonly struct Turn
{
    private const int Rests = 19;

    private readonly long began;

    private Turn(long began) => this.began = began;

    /// <summary>It begins.</summary>
    public static Turn Begin() => new(Stopwatch.GetTimestamp());

    /// <summary>It is over.</summary>
    public Task Rest(CancellationToken stop) => Task.Delay(Rests * Stopwatch.GetElapsedTime(began), stop);
}
