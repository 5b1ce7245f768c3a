using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterDetails>, ProblemHttpResult>;

/// <summary><c>GET /ops/dead-letters/{id}</c></summary>
internal static class GetDeadLetter
{
    private const string SelectLetter =
        $"""
        SELECT {DeadLetterItem.Columns}, body, original_body, headers, exception_stack, properties
        FROM messaging.dead_letters
        WHERE id = $1
        """;

    private const string SelectFollowers =
        """
        SELECT deferred.event_id, deferred.type, deferred.sequence, deferred_at
        FROM messaging.dead_letters AS letter
        JOIN messaging.deferred_events AS deferred USING (queue, stream)
        WHERE letter.id = $1 AND deferred.sequence > letter.sequence AND split_part(deferred.type, ':', 1) = split_part(letter.type, ':', 1)
        ORDER BY deferred.sequence
        LIMIT 100
        """;

    private const string SelectActions =
        "SELECT at, who, action, reason, details FROM messaging.dead_letter_actions WHERE dead_letter_id = $1 ORDER BY id DESC LIMIT 200";

    /// <summary>Shows a dead letter: its message, why it failed, what waits for it, and what was done with it.</summary>
    /// <response code="200">The dead letter.</response>
    /// <response code="404"><c>dead-letter-not-found</c></response>
    public static async Task<Answer> Handle(Guid id, DbContext database, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var batch = database.CreateBatch();
        batch.Add(SelectLetter, Value(id));
        batch.Add(SelectFollowers, Value(id));
        batch.Add(SelectActions, Value(id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return OpsProblems.NotFound("dead letter", id);

        var letter = ReadLetter(reader);
        await reader.NextResultAsync(cancellationToken);
        var followers = new List<Follower>();
        while (await reader.ReadAsync(cancellationToken))
        {
            followers.Add(new Follower(
                reader.GetGuid(0), reader.GetString(1), reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3)));
        }

        await reader.NextResultAsync(cancellationToken);
        var actions = new List<DeadLetterAction>();
        while (await reader.ReadAsync(cancellationToken))
        {
            actions.Add(new DeadLetterAction(
                reader.GetFieldValue<DateTimeOffset>(0),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetText(3),
                JsonElement.Parse(reader.GetString(4))));
        }

        actions.Reverse();
        return TypedResults.Ok(letter with { Followers = followers, Actions = actions });
    }

    private static DeadLetterDetails ReadLetter(NpgsqlDataReader row)
    {
        var body = row.GetFieldValue<byte[]>(15);
        var isText = Utf8.IsValid(body);
        return new DeadLetterDetails(
            DeadLetterItem.Read(row),
            isText ? Encoding.UTF8.GetString(body) : null,
            isText ? null : Convert.ToBase64String(body),
            row.IsDBNull(16) ? null : Encoding.UTF8.GetString(row.GetFieldValue<byte[]>(16)),
            JsonElement.Parse(row.GetString(17)),
            row.GetText(18),
            JsonElement.Parse(row.GetString(19)).TryGetProperty("correlationId", out var correlation) ? correlation.GetString() : null);
    }
}

/// <summary>A dead letter with its message, followers and history.</summary>
internal sealed record DeadLetterDetails : DeadLetterItem
{
    internal DeadLetterDetails(
        DeadLetterItem item,
        string? body,
        string? bodyBase64,
        string? originalBody,
        JsonElement headers,
        string? exceptionStack,
        string? correlationId)
        : base(item)
    {
        (Body, BodyBase64, OriginalBody) = (body, bodyBase64, originalBody);
        (Headers, ExceptionStack, CorrelationId) = (headers, exceptionStack, correlationId);
    }

    /// <summary>The message's body, as it will be redriven; null when it is not UTF-8.</summary>
    public string? Body { get; }

    /// <summary>The body in Base64 when it is not UTF-8; otherwise null.</summary>
    public string? BodyBase64 { get; }

    /// <summary>The original body; null when it was never edited.</summary>
    public string? OriginalBody { get; }

    /// <summary>
    /// The message's headers by name, including those that describe the failure. Bytes are <c>{"$base64": "..."}</c>.
    /// </summary>
    public JsonElement Headers { get; }

    /// <summary>The stack trace: its first 16,000 characters.</summary>
    public string? ExceptionStack { get; }

    /// <summary>The order that it belongs to.</summary>
    public string? CorrelationId { get; }

    /// <summary>Deferred events of its producer, on its stream, that come after it; the first 100.</summary>
    public IReadOnlyList<Follower> Followers { get; init; } = [];

    /// <summary>What was done with it, oldest first; the last 200 actions.</summary>
    public IReadOnlyList<DeadLetterAction> Actions { get; init; } = [];
}

/// <summary>An event that waits until its predecessor is handled.</summary>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderCancelled">Namespace and name of its contract.</param>
/// <param name="Sequence" example="2">Its number in the stream.</param>
/// <param name="DeferredAt">When it was deferred, UTC.</param>
internal sealed record Follower(Guid EventId, string Type, int Sequence, DateTimeOffset DeferredAt);

/// <summary>Something that was done with a dead letter, or happened to it.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Who" example="anna">The operator, or the service's name for automatic actions.</param>
/// <param name="Action" example="redrive">
/// <c>redrive</c>, <c>cancel</c>, <c>edit</c>, <c>discard</c>, <c>resolve</c> or <c>release</c>; automatically <c>failed</c>,
/// <c>redriven</c>, <c>redrive-failed</c> or <c>resolved</c>.
/// </param>
/// <param name="Reason" example="The carrier is back.">The operator's words.</param>
/// <param name="Details">Further details, whose shape depends on the action.</param>
internal sealed record DeadLetterAction(DateTimeOffset At, string Who, string Action, string? Reason, JsonElement Details);
