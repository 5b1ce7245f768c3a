using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Plain SQL in the transaction of a DbContext, for statements that Entity Framework cannot express.</summary>
internal static class NpgsqlAccess
{
    public static NpgsqlCommand CreateCommand(this DbContext database, string sql) =>
        new(
            sql,
            (NpgsqlConnection)database.Database.GetDbConnection(),
            (NpgsqlTransaction?)database.Database.CurrentTransaction?.GetDbTransaction());

    public static NpgsqlBatch CreateBatch(this DbContext database) =>
        new(
            (NpgsqlConnection)database.Database.GetDbConnection(),
            (NpgsqlTransaction?)database.Database.CurrentTransaction?.GetDbTransaction());

    public static NpgsqlBatchCommand Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
        return command;
    }

    public static string? GetText(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>Adds a parameter.</summary>
    /// <returns>Its placeholder in SQL, such as <c>$1</c>.</returns>
    public static string Next<T>(NpgsqlParameterCollection parameters, T value)
    {
        parameters.Add(Value(value));
        return $"${parameters.Count}";
    }

    public static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };
}
