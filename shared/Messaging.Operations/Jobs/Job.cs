namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>Work that takes long: whoever asks for it gets its id, and looks at it later.</summary>
internal abstract record Job
{
    public required Guid Id { get; init; }

    public required JobState State { get; init; }

    /// <summary>When it was asked for, UTC.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Who asked for it.</summary>
    /// <example>ada</example>
    public required string StartedBy { get; init; }

    /// <summary>When it was completed, was cancelled or failed, UTC; null before.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it failed; or, while it is running, why it cannot go on just now, and is tried again. Else null.</summary>
    public required string? Error { get; init; }
}

/// <summary>Jobs.</summary>
/// <param name="Items">The newest hundred, the newest first.</param>
internal sealed record JobList<TJob>(IReadOnlyList<TJob> Items);
