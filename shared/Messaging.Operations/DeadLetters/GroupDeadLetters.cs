using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterGroups>, ValidationProblem>;

/// <summary><c>GET /ops/dead-letters/groups</c></summary>
internal static class GroupDeadLetters
{
    /// <summary>Groups dead letters by what went wrong, largest group first, at most 1,000 groups.</summary>
    /// <param name="state">Only dead letters in this state.</param>
    /// <param name="queue" example="inventory">Only dead letters of this queue.</param>
    /// <response code="200">The groups.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Answer> Handle(
        DbContext database, CancellationToken cancellationToken, DeadLetterState? state = null, string? queue = null)
    {
        var filter = new DeadLetterFilter(state, Queue: queue);
        if (filter.Fault is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var command = database.CreateCommand("");
        command.CommandText = Sql(filter.Where(command.Parameters));
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        var groups = new List<DeadLetterGroup>();
        while (await row.ReadAsync(cancellationToken))
        {
            groups.Add(new DeadLetterGroup(
                row.GetString(0),
                row.GetText(1),
                row.GetText(2),
                row.GetText(3),
                DeadLetterStates.Parse(row.GetString(4)),
                row.GetInt64(5),
                row.GetFieldValue<DateTimeOffset>(6),
                row.GetFieldValue<DateTimeOffset>(7)));
        }

        return TypedResults.Ok(new DeadLetterGroups(groups));
    }

    /// <summary>Reads the index that has all of these columns, so that no rows are sorted.</summary>
    internal static string Sql(string where) =>
        $"""
        SELECT queue, type, exception_type, handler, state, count(*), min(first_failed_at), max(last_failed_at)
        FROM messaging.dead_letters
        WHERE {where}
        GROUP BY state, queue, type, exception_type, handler
        ORDER BY count(*) DESC, queue, type
        LIMIT 1000
        """;
}

/// <summary>Dead letters, grouped by what went wrong.</summary>
/// <param name="Items">The groups, largest first.</param>
internal sealed record DeadLetterGroups(IReadOnlyList<DeadLetterGroup> Items);

/// <summary>Dead letters that failed in the same way.</summary>
/// <param name="Queue" example="inventory">The queue that could not handle them.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderPlaced">Namespace and name of their contract; null when the messages name none.</param>
/// <param name="ExceptionType" example="System.InvalidOperationException">The full name of the exception of their last failure.</param>
/// <param name="Handler" example="ReserveStock">The handler that failed.</param>
/// <param name="Count" example="17">The number of dead letters.</param>
/// <param name="Oldest">The earliest first failure among them, UTC.</param>
/// <param name="Newest">The latest last failure among them, UTC.</param>
internal sealed record DeadLetterGroup(
    string Queue,
    string? Type,
    string? ExceptionType,
    string? Handler,
    DeadLetterState State,
    long Count,
    DateTimeOffset Oldest,
    DateTimeOffset Newest);
