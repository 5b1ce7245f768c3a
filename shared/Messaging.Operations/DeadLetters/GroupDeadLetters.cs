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
    /// <summary>Groups dead letters by what went wrong, the largest group first, 1,000 at most.</summary>
    /// <param name="database">The service's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="state">Only those that stand there.</param>
    /// <param name="queue" example="inventory">Only those of this queue.</param>
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

    /// <summary>By the index that holds all of it, so that nothing is sorted.</summary>
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
/// <param name="Items">The largest group first.</param>
internal sealed record DeadLetterGroups(IReadOnlyList<DeadLetterGroup> Items);

/// <summary>Dead letters that failed in the same way.</summary>
/// <param name="Queue" example="inventory">The queue that could not handle them.</param>
/// <param name="Type" example="OrderPlatform.Contracts.Orders:OrderPlaced">Their wire address.</param>
/// <param name="ExceptionType" example="System.InvalidOperationException">Why they failed last.</param>
/// <param name="Handler" example="ReserveStock">Which handler failed.</param>
/// <param name="State">Where they stand.</param>
/// <param name="Count" example="17">How many they are.</param>
/// <param name="Oldest">When the first of them failed first, UTC.</param>
/// <param name="Newest">When the last of them failed last, UTC.</param>
internal sealed record DeadLetterGroup(
    string Queue,
    string? Type,
    string? ExceptionType,
    string? Handler,
    DeadLetterState State,
    long Count,
    DateTimeOffset Oldest,
    DateTimeOffset Newest);
