namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Where a dead letter stands.</summary>
internal enum DeadLetterState
{
    /// <summary>For people.</summary>
    Waiting,

    /// <summary>It is redriven as soon as its time has come.</summary>
    Scheduled,

    /// <summary>It is in its queue again, and not known to be handled yet.</summary>
    Redriven,

    /// <summary>It is handled, or an operator has seen to it.</summary>
    Resolved,

    /// <summary>An operator has decided that it shall never take effect.</summary>
    Discarded,
}

/// <summary>States as the table has them.</summary>
internal static class DeadLetterStates
{
    /// <summary>All of them.</summary>
    public static readonly string[] Columns = [.. Enum.GetValues<DeadLetterState>().Select(ToColumn)];

    public static string ToColumn(this DeadLetterState state) => state.ToString().ToLowerInvariant();

    public static DeadLetterState Parse(string column) => Enum.Parse<DeadLetterState>(column, ignoreCase: true);
}
