namespace OrderPlatform.Messaging.Transport;

/// <summary>
/// Stores messages that a queue could not handle. If one is registered, the adapter consumes the error and skipped queues and files their
/// messages; without one, the messages stay in those queues.
/// </summary>
public interface IDeadLetterStore
{
    /// <summary>The maximum number of messages that an adapter holds before they are filed; each may be large.</summary>
    ushort Prefetch { get; }

    /// <summary>
    /// Files messages, and returns when they are committed. It waits while the database is unavailable. A message that cannot be filed does
    /// not stop the others.
    /// </summary>
    /// <returns>The messages that were filed: acknowledge them. The others stay in their queues.</returns>
    Task<IReadOnlySet<DeadLetter>> File(IReadOnlyCollection<DeadLetter> letters, CancellationToken cancellationToken);
}

/// <summary>A message that a queue could not handle.</summary>
/// <param name="Queue">The queue that could not handle it.</param>
/// <param name="Source">Why it is a dead letter.</param>
/// <param name="Message">The message as it was before it failed.</param>
/// <param name="Added">Headers that were added on the way to the error queue, for operators.</param>
/// <param name="Failure">What went wrong.</param>
public sealed record DeadLetter(
    string Queue, DeadLetterSource Source, TransportMessage Message, IReadOnlyDictionary<string, object?> Added, Failure Failure);

/// <summary>Why a message is a dead letter.</summary>
public enum DeadLetterSource
{
    /// <summary>Its handler failed, it could not be read, or the broker gave up.</summary>
    Error,

    /// <summary>No handler of the queue takes its type.</summary>
    Skipped,
}

/// <summary>How a message failed, as far as known.</summary>
/// <param name="ExceptionType">The exception's full name; null when there was none.</param>
/// <param name="Reason">The exception's message, or the broker's reason; null when there is neither.</param>
/// <param name="StackTrace">The exception's stack trace; null when there was no exception.</param>
/// <param name="At">When it failed, UTC; distinguishes repeated failures. Null when the message does not say.</param>
public sealed record Failure(string? ExceptionType, string? Reason, string? StackTrace, DateTimeOffset? At)
{
    /// <summary>The failure that an exception describes: the innermost exception counts.</summary>
    public static Failure Of(Exception exception, DateTimeOffset at)
    {
        var cause = exception.GetBaseException();
        return new Failure(cause.GetType().FullName, cause.Message, cause.StackTrace ?? "", at);
    }
}
