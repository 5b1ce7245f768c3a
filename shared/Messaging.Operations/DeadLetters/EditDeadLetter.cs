using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterItem>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>PUT /ops/dead-letters/{id}/body</c></summary>
internal static class EditDeadLetter
{
    /// <summary>Characters of each replaced body that the actions keep; the row keeps all of the original.</summary>
    private const int LongestKept = 16_000;

    /// <summary>
    /// Changes the body of a dead letter that is waiting. The original body is kept, and its actions record the body before each edit.
    /// </summary>
    /// <response code="200">The body is changed. The dead letter still waits: redrive it.</response>
    /// <response code="400">The body does not fit the contract; <c>errors</c> says where.</response>
    /// <response code="404"><c>dead-letter-not-found</c></response>
    /// <response code="409">
    /// It is not waiting: <c>dead-letter-scheduled</c>, <c>dead-letter-redriven</c>, <c>dead-letter-resolved</c> or
    /// <c>dead-letter-discarded</c>.
    /// Or its queue has no handler for its type: <c>dead-letter-without-contract</c>.
    /// </response>
    public static async Task<Answer> Handle(
        Guid id, EditRequest request, DbContext database, MessagingTopology topology, Operator who, CancellationToken cancellationToken)
    {
        if (Reasons.Fault(request.Reason, required: false) is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedDeadLetter.Find(database, id, cancellationToken) is not { } letter)
            return OpsProblems.NotFound("dead letter", id);
        if (letter.Item.State != DeadLetterState.Waiting)
            return letter.Conflict();
        if (topology.HandlerOf(letter.Item.Queue, letter.Item.Type)?.EventType is not { } contract)
        {
            return OpsProblems.Conflict(
                "dead-letter-without-contract",
                $"The queue {letter.Item.Queue} has no handler for {letter.Item.Type}, so there is no contract for the body.");
        }

        if (ContractCheck.Fault(contract, request.Body) is { } misfit)
            return OpsProblems.Invalid("body", misfit);

        var before = await BodyOf(database, id, cancellationToken);
        var item = await letter.Change(
            database,
            "edit",
            who,
            request.Reason,
            JsonSerializer.Serialize(new
            {
                length = request.Body.Length,
                lengthBefore = before.Length,
                before = TextColumn.Fit(before, LongestKept),
            }),
            "original_body = coalesce(original_body, body), body = $2",
            [Value(Encoding.UTF8.GetBytes(request.Body))],
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(item);
    }

    /// <summary>The present body as text, even if it is not UTF-8.</summary>
    private static async Task<string> BodyOf(DbContext database, Guid id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT body FROM messaging.dead_letters WHERE id = $1", Value(id));
        return Encoding.UTF8.GetString((byte[])(await batch.ExecuteScalarAsync(cancellationToken))!);
    }
}

/// <summary>A message's new body.</summary>
/// <param name="Body" example="{&quot;orderId&quot;:&quot;0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70&quot;}">JSON that fits the contract.</param>
/// <param name="Reason" example="The SKU was misspelt.">Up to 500 characters.</param>
internal sealed record EditRequest(string Body, string? Reason = null);
