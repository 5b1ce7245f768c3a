namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>Long-running work: the request that starts it returns its id, by which its progress can be read.</summary>
internal abstract record Job
{
    public required Guid Id { get; init; }

    public required JobState State { get; init; }

    /// <summary>When it was requested, UTC.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The operator who requested it.</summary>
    /// <example>ada</example>
    public required string StartedBy { get; init; }

    /// <summary>When it completed, failed or was cancelled, UTC; null before.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// Why it failed; or, while it is running, why it cannot continue at the moment and is being retried. Otherwise null.
    /// </summary>
    public required string? Error { get; init; }
}

/// <summary>Jobs of one kind.</summary>
/// <param name="Items">The newest hundred, newest first.</param>
internal sealed record JobList<TJob>(IReadOnlyList<TJob> Items);
