using Npgsql;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>An event of the log, and its position there.</summary>
internal sealed record LogEntry(long Position, EventEnvelope Event);

/// <summary>Rows of the log in plain SQL.</summary>
internal static class LogRows
{
    /// <summary>In the order of <see cref="Read"/>.</summary>
    public const string Columns = $"position, {EventRows.Columns}";

    /// <summary>The reader's current row.</summary>
    public static LogEntry Read(NpgsqlDataReader row) => new(row.GetInt64(0), EventRows.Read(row, first: 1));
}
