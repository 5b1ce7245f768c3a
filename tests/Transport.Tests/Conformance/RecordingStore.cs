using System.Collections.Concurrent;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Transport.Tests.Conformance;

/// <summary>Keeps dead letters in memory.</summary>
internal sealed class RecordingStore : IDeadLetterStore
{
    public ushort Prefetch => 10;

    /// <summary>The filed dead letters.</summary>
    public ConcurrentQueue<DeadLetter> Filed { get; } = new();

    /// <summary>The dead letters that were handed over.</summary>
    public ConcurrentQueue<DeadLetter> Offered { get; } = new();

    /// <summary>Filing waits for this task; simulates an unavailable database.</summary>
    public Task Open { get; set; } = Task.CompletedTask;

    /// <summary>Which dead letters can be filed; all by default.</summary>
    public Func<DeadLetter, bool> Takes { get; set; } = _ => true;

    public async Task<IReadOnlySet<DeadLetter>> File(IReadOnlyCollection<DeadLetter> letters, CancellationToken cancellationToken)
    {
        foreach (var letter in letters)
            Offered.Enqueue(letter);
        await Open.WaitAsync(cancellationToken);
        var filed = letters.Where(Takes).ToHashSet();
        foreach (var letter in filed)
            Filed.Enqueue(letter);
        return filed;
    }
}
