using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary><c>GET /ops/dead-letters/redrives</c></summary>
internal static class ListRedrives
{
    private const string Select =
        """
        SELECT redrive.id, per_second, asked_at, who, reason, scheduled.count, scheduled.first, scheduled.last
        FROM messaging.redrives AS redrive
        CROSS JOIN LATERAL (
            SELECT count(*), min(due_at) AS first, max(due_at) AS last FROM messaging.dead_letters
            WHERE redrive_id = redrive.id AND due_at IS NOT NULL) AS scheduled
        WHERE redrive.id <> ALL($1) AND scheduled.count > 0
        ORDER BY asked_at, redrive.id
        LIMIT 100
        """;

    /// <summary>Lists running bulk redrives, oldest first, at most 100.</summary>
    /// <response code="200">The redrives that still have messages to send.</response>
    public static async Task<Ok<RedriveList>> Handle(DbContext database, CancellationToken cancellationToken)
    {
        await database.Database.OpenConnectionAsync(cancellationToken);
        await using var batch = database.CreateBatch();
        batch.Add(Select, Value(Redrives.Lasting));
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        var redrives = new List<RedriveItem>();
        while (await row.ReadAsync(cancellationToken))
        {
            redrives.Add(new RedriveItem(
                row.GetGuid(0),
                row.GetDouble(1),
                row.GetFieldValue<DateTimeOffset>(2),
                row.GetText(3),
                row.GetText(4),
                row.GetInt64(5),
                row.GetFieldValue<DateTimeOffset>(6),
                row.GetFieldValue<DateTimeOffset>(7)));
        }

        return TypedResults.Ok(new RedriveList(redrives));
    }
}

/// <summary>Running bulk redrives.</summary>
/// <param name="Items">The redrives, oldest first.</param>
internal sealed record RedriveList(IReadOnlyList<RedriveItem> Items);

/// <summary>A bulk redrive.</summary>
/// <param name="Id">Its id, by which it can be cancelled.</param>
/// <param name="PerSecond" example="50">How many messages it sends a second.</param>
/// <param name="AskedAt">When it was requested, UTC.</param>
/// <param name="By" example="anna">The operator who requested it.</param>
/// <param name="Reason" example="The carrier is back.">The operator's words.</param>
/// <param name="Scheduled" example="17">How many messages it still has to send.</param>
/// <param name="NextAt">When the next message is due, UTC; after an outage it is sent later.</param>
/// <param name="LastAt">When the last message is due, UTC; after an outage it is sent later.</param>
internal sealed record RedriveItem(
    Guid Id,
    double PerSecond,
    DateTimeOffset AskedAt,
    string? By,
    string? Reason,
    long Scheduled,
    DateTimeOffset NextAt,
    DateTimeOffset LastAt);
