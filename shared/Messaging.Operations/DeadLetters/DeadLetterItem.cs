using Npgsql;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>A message that a queue could not handle.</summary>
/// <param name="Id">The id of this dead letter, not of its message.</param>
/// <param name="Queue" example="inventory">The queue that could not handle it.</param>
/// <param name="Source" example="error">
/// <c>error</c>: its handler failed, it could not be read, or the broker gave up; <c>skipped</c>: it has no handler.
/// </param>
/// <param name="MessageId" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">
/// Usually the event's id; null when the message has no id.
/// </param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderPlaced">Namespace and name of its contract; null when the message names none.</param>
/// <param name="Stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Its stream, such as the order's id.</param>
/// <param name="Sequence" example="1">Its number among its producer's events on that stream.</param>
/// <param name="ExceptionType" example="System.InvalidOperationException">The full name of the exception of its last failure.</param>
/// <param name="ExceptionMessage" example="There is no such SKU.">The exception's message, or the reason if there was no exception.</param>
/// <param name="Handler" example="ReserveStock">The handler that failed.</param>
/// <param name="FirstFailedAt">When it first failed, UTC.</param>
/// <param name="LastFailedAt">When it last failed, UTC.</param>
/// <param name="Attempts" example="1">How many times it failed, not counting retries.</param>
/// <param name="RedriveAt">When it will be, or was last, redriven, UTC; null if never.</param>
internal record DeadLetterItem(
    Guid Id,
    string Queue,
    string Source,
    string? MessageId,
    string? Type,
    string? Stream,
    int? Sequence,
    string? ExceptionType,
    string? ExceptionMessage,
    string? Handler,
    DateTimeOffset FirstFailedAt,
    DateTimeOffset LastFailedAt,
    int Attempts,
    DeadLetterState State,
    DateTimeOffset? RedriveAt)
{
    /// <summary>The first columns of a row that <see cref="Read"/> reads.</summary>
    internal const string Columns =
        "id, queue, source, message_id, type, stream, sequence, exception_type, exception_message, handler, "
        + "first_failed_at, last_failed_at, attempts, state, redrive_at";

    internal static DeadLetterItem Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        row.GetString(2),
        row.GetText(3),
        row.GetText(4),
        row.GetText(5),
        row.GetFieldValue<int?>(6),
        row.GetText(7),
        row.GetText(8),
        row.GetText(9),
        row.GetFieldValue<DateTimeOffset>(10),
        row.GetFieldValue<DateTimeOffset>(11),
        row.GetInt32(12),
        DeadLetterStates.Parse(row.GetString(13)),
        row.GetFieldValue<DateTimeOffset?>(14));
}
