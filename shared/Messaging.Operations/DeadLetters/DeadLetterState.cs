namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>What happens next to a message that failed, and who decides it.</summary>
internal enum DeadLetterState
{
    /// <summary>It waits for an operator.</summary>
    Waiting,

    /// <summary>It will be redriven at a scheduled time.</summary>
    Scheduled,

    /// <summary>It is back in its queue, and not known to be handled yet.</summary>
    Redriven,

    /// <summary>It was handled, or an operator resolved it by hand.</summary>
    Resolved,

    /// <summary>An operator decided that it must never take effect.</summary>
    Discarded,
}

/// <summary>States as they are stored in the table.</summary>
internal static class DeadLetterStates
{
    /// <summary>All states, as stored.</summary>
    public static readonly string[] Columns = [.. Enum.GetValues<DeadLetterState>().Select(ToColumn)];

    public static string ToColumn(this DeadLetterState state) => state.ToString().ToLowerInvariant();

    public static DeadLetterState Parse(string column) => Enum.Parse<DeadLetterState>(column, ignoreCase: true);
}
