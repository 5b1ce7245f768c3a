namespace OrderPlatform.Messaging.Relay;

/// <summary>
/// How far the log has been read, and which earlier positions may still appear. Positions are assigned before the commit, so one that is
/// missing may belong to a transaction that is still running. Such a gap is remembered while reading continues past it, and forgotten when
/// every transaction that was writing to the log when it was found has ended and the position is still missing.
/// </summary>
/// <param name="position">The highest position that was read.</param>
/// <param name="gaps">Positions below it that were missing.</param>
internal sealed class GapTracker(long position, IEnumerable<long> gaps)
{
    /// <summary>For each gap, the writers that may still fill it; null until they are known.</summary>
    private readonly SortedDictionary<long, HashSet<string>?> suspects = new(gaps.ToDictionary(gap => gap, _ => (HashSet<string>?)null));

    /// <summary>The highest position that was read.</summary>
    public long Position { get; private set; } = position;

    /// <summary>Positions below it that may still appear, ascending.</summary>
    public long[] Gaps => [.. suspects.Keys];

    public bool HasGaps => suspects.Count > 0;

    /// <summary>Records the result of a read.</summary>
    /// <param name="positions">The positions of the events that were read, ascending; some may fill gaps.</param>
    /// <param name="writers">
    /// The transactions that were writing to the log, listed before the events were read: one that is not among them had ended by then.
    /// </param>
    /// <returns>Whether a gap was closed, filled or not.</returns>
    public bool Read(IEnumerable<long> positions, IReadOnlySet<string> writers)
    {
        var before = suspects.Count;
        foreach (var (gap, candidates) in suspects.ToArray())
        {
            if (candidates is null)
                suspects[gap] = [.. writers];
            else
                candidates.IntersectWith(writers);
            if (suspects[gap]!.Count == 0)
                suspects.Remove(gap);
        }

        foreach (var read in positions)
        {
            suspects.Remove(read);
            if (read <= Position)
                continue;
            for (var missing = Position + 1; missing < read; missing++)
                suspects[missing] = null;
            Position = read;
        }

        return suspects.Count < before;
    }
}
