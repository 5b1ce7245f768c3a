using System.Text;
using Npgsql;
using OrderPlatform.Messaging.Events;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>Selects the dead letters that match all given fields.</summary>
/// <param name="Type" example="OrderPlaced">Their type, by name or wire address; empty for messages without one.</param>
/// <param name="Exception" example="System.InvalidOperationException">
/// The full name of the exception; empty for messages without one.
/// </param>
/// <param name="Handler" example="ReserveStock">The handler that failed; empty for messages without one.</param>
/// <param name="Stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Their stream, such as an order's id.</param>
/// <param name="Queue" example="inventory">The queue that could not handle them.</param>
/// <param name="Since">Only messages that last failed at this time or later.</param>
/// <param name="Until">Only messages that last failed before this time.</param>
/// <param name="Text" example="timeout">
/// Text in the exception's message, the message id, the stream or the type, regardless of case; or in the first 16 KiB of the body, in
/// the given case.
/// </param>
internal sealed record DeadLetterFilter(
    DeadLetterState? State = null,
    string? Type = null,
    string? Exception = null,
    string? Handler = null,
    string? Stream = null,
    string? Queue = null,
    DateTimeOffset? Since = null,
    DateTimeOffset? Until = null,
    string? Text = null)
{
    private const int LongestText = 200;

    /// <summary>Only dead letters with these ids; null for any.</summary>
    internal IReadOnlyList<Guid>? Ids { get; init; }

    /// <summary>The first invalid field, and what is wrong with it; null if the filter is valid.</summary>
    internal (string Field, string Message)? Fault
    {
        get
        {
            (string Field, string? Value)[] texts =
            [
                ("type", Type), ("exception", Exception), ("handler", Handler), ("stream", Stream), ("queue", Queue), ("text", Text),
            ];
            foreach (var (name, value) in texts)
            {
                var empty = value is "" && name is not ("type" or "exception" or "handler");
                if (empty || value is { Length: > LongestText } || value?.Contains('\0', StringComparison.Ordinal) == true)
                    return (name, $"Must have 1 to {LongestText} characters, none of them NUL.");
            }

            return Since >= Until ? ("until", "Must be after since.") : null;
        }
    }

    /// <summary>The SQL condition on a row.</summary>
    /// <param name="parameters">Receives the values.</param>
    /// <param name="waiting">True for waiting dead letters only.</param>
    /// <param name="withText">False to ignore the text, which has no index.</param>
    internal string Where(NpgsqlParameterCollection parameters, bool waiting = false, bool withText = true)
    {
        var conditions = new List<string>();
        void Add<T>(T? value, Func<string, string> condition)
        {
            if (value is not null)
                conditions.Add(condition(Next(parameters, value)));
        }

        Add(waiting ? "waiting" : State?.ToColumn(), state => $"state = {state}");
        void AddExact(string column, string? value)
        {
            if (value is "")
                conditions.Add($"{column} IS NULL");
            else
                Add(value, given => $"{column} = {given}");
        }

        AddExact("type_name", Type is null ? null : EventTypes.ShortNameOf(Type));
        // "|| ''": the index on the short name has the right order; PostgreSQL 18 would combine it with another index that does not.
        if (Type?.Contains(':', StringComparison.Ordinal) == true)
            conditions.Add($"type || '' = {Next(parameters, Type)}");
        AddExact("exception_type", Exception);
        AddExact("handler", Handler);
        Add(Stream, stream => $"stream = {stream}");
        Add(Queue, queue => $"queue = {queue}");
        Add(Ids?.ToArray(), ids => $"id = ANY ({ids})");
        if (Since is { } since)
            conditions.Add($"last_failed_at >= {Next(parameters, since.ToUniversalTime())}");
        if (Until is { } until)
            conditions.Add($"last_failed_at < {Next(parameters, until.ToUniversalTime())}");
        if (withText && Text is not null)
            conditions.Add(HasText(parameters));
        return conditions.Count > 0 ? string.Join(" AND ", conditions) : "true";
    }

    /// <summary>The SQL condition that a row contains the text.</summary>
    internal string HasText(NpgsqlParameterCollection parameters)
    {
        var pattern = Next(parameters, $"%{Text!.Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_")}%");
        var bytes = Next(parameters, Encoding.UTF8.GetBytes(Text));
        return $"(concat_ws(E'\\n', exception_message, message_id, stream, type) ILIKE {pattern}"
            + $" OR position({bytes} IN substring(body FOR 16384)) > 0)";
    }
}
