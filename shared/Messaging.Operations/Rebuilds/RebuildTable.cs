using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Jobs;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>The rebuilds of a service.</summary>
internal sealed class RebuildTable(NpgsqlDataSource source) : JobTable<Rebuild>(source, "rebuild")
{
    private const int MostDifferences = 300;

    public async Task<Rebuild> Add(Guid id, RebuildMode mode, string by, CancellationToken cancellationToken) => (await One(
        "INSERT INTO messaging.rebuilds (id, mode, started_by) VALUES ($1, $2, $3) RETURNING *",
        cancellationToken,
        Value(id),
        Value(mode.ToString()),
        Value(by)))!;

    /// <summary>Records the progress of a rebuild, as part of a transaction.</summary>
    /// <returns>Null when the rebuild is no longer running: then the transaction must not be committed.</returns>
    public async Task<Rebuild?> Checked(
        DbContext database, Rebuild rebuild, RebuildReport report, int repaired, RebuildCursor cursor, CancellationToken cancellationToken)
    {
        var reported = report.Differences.Take(MostDifferences - rebuild.Differences!.Count);
        await using var update = database.CreateCommand(
            """
            UPDATE messaging.rebuilds
            SET checked = checked + $2, differing = differing + $3, repaired = repaired + $4, skipped = skipped + $5,
                differences = differences || $6::jsonb, cursor = $7::jsonb
            WHERE id = $1 AND state = 'running'
            RETURNING *
            """);
        update.Parameters.Add(Value(rebuild.Id));
        update.Parameters.Add(Value(report.Checked));
        update.Parameters.Add(Value(report.Differences.Count));
        update.Parameters.Add(Value(repaired));
        update.Parameters.Add(Value(report.Skipped));
        update.Parameters.Add(Value(JsonSerializer.Serialize(reported, EventTypes.Json)));
        update.Parameters.Add(Value(JsonSerializer.Serialize(cursor, EventTypes.Json)));
        return await One(update, cancellationToken);
    }

    protected override Rebuild Read(NpgsqlDataReader row) => new()
    {
        Id = Get<Guid>(row, "id"),
        Mode = Enum.Parse<RebuildMode>(Get<string>(row, "mode")),
        State = StateOf(row),
        Checked = Get<long>(row, "checked"),
        Differing = Get<long>(row, "differing"),
        Repaired = Get<long>(row, "repaired"),
        Skipped = Get<long>(row, "skipped"),
        Differences = JsonSerializer.Deserialize<IReadOnlyList<Difference>>(Get<string>(row, "differences"), EventTypes.Json),
        Cursor = GetOrNull<string>(row, "cursor") is { } cursor ? JsonSerializer.Deserialize<RebuildCursor>(cursor, EventTypes.Json) : null,
        StartedAt = Get<DateTimeOffset>(row, "started_at"),
        StartedBy = Get<string>(row, "started_by"),
        EndedAt = GetOrNull<DateTimeOffset?>(row, "ended_at"),
        Error = GetOrNull<string>(row, "error"),
    };
}
