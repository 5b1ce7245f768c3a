using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// Writes the changed rows of a batch with one statement for each table. Changes that it cannot express (deletes, values that the database
/// generates, foreign keys) are left to SaveChanges.
/// </summary>
internal static class BulkSave
{
    /// <summary>Adds the statements to a batch.</summary>
    /// <returns>False, and nothing is added, when the changes need SaveChanges.</returns>
    public static bool TryAdd(DbContext database, NpgsqlBatch batch)
    {
        var changes = database.ChangeTracker.Entries()
            .Where(entry => entry.State is not (EntityState.Unchanged or EntityState.Detached))
            .GroupBy(entry => (entry.Metadata, entry.State))
            .OrderBy(group => group.Key.Metadata.Name, StringComparer.Ordinal)
            .Select(group => (Table: TableMap.Of(database, group.Key.Metadata), group.Key.State, Rows: group.ToArray()))
            .ToArray();
        if (!Array.TrueForAll(
            changes, change => change.Table?.Takes(change.State, Array.ConvertAll(change.Rows, row => row.Entity)) == true))
            return false;
        foreach (var (table, state, rows) in changes)
        {
            batch.BatchCommands.Add(
                state == EntityState.Added ? table!.Insert(Array.ConvertAll(rows, row => row.Entity)) : table!.Update(rows));
        }

        return true;
    }
}
