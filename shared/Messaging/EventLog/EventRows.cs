using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Npgsql;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.EventLog;

/// <summary>The columns of an event, which the log and the deferred events have in common.</summary>
internal static class EventRows
{
    /// <summary>In the order of <see cref="Read"/> and <see cref="Arrays"/>.</summary>
    public const string Columns = "event_id, type, stream, sequence, correlation_id, causation_id, occurred_at, trace_parent, data";

    /// <summary>The same for an INSERT, which gets the body as text.</summary>
    public const string Values = "event_id, type, stream, sequence, correlation_id, causation_id, occurred_at, trace_parent, data::json";

    /// <summary>Reads the columns of the current row, starting at the given one.</summary>
    public static EventEnvelope Read(NpgsqlDataReader row, int first = 0) => new(
        row.GetGuid(first),
        row.GetString(first + 1),
        row.GetString(first + 2),
        row.GetInt32(first + 3),
        row.GetGuid(first + 4),
        row.IsDBNull(first + 5) ? null : row.GetGuid(first + 5),
        row.GetFieldValue<DateTimeOffset>(first + 6),
        row.GetText(first + 7),
        row.GetFieldValue<byte[]>(first + 8));

    /// <summary>Each column of many events as one parameter, for <c>unnest</c>.</summary>
    public static NpgsqlParameter[] Arrays(IReadOnlyCollection<EventEnvelope> events)
    {
        NpgsqlParameter<T[]> Column<T>(Func<EventEnvelope, T> value) => NpgsqlAccess.Value(events.Select(value).ToArray());
        return
        [
            Column(e => e.EventId),
            Column(e => e.Type),
            Column(e => e.Stream),
            Column(e => e.Sequence),
            Column(e => e.CorrelationId),
            Column(e => e.CausationId),
            Column(e => e.OccurredAt),
            Column(e => e.TraceParent),
            Column(e => TextOf(e.Body)),
        ];
    }

    /// <summary>Maps the columns for queries with Entity Framework.</summary>
    public static void Map(ComplexPropertyBuilder<EventEnvelope> e)
    {
        e.Property(x => x.EventId).HasColumnName("event_id");
        e.Property(x => x.Type).HasColumnName("type");
        e.Property(x => x.Stream).HasColumnName("stream").HasMaxLength(100);
        e.Property(x => x.Sequence).HasColumnName("sequence");
        e.Property(x => x.CorrelationId).HasColumnName("correlation_id");
        e.Property(x => x.CausationId).HasColumnName("causation_id");
        e.Property(x => x.OccurredAt).HasColumnName("occurred_at");
        e.Property(x => x.TraceParent).HasColumnName("trace_parent");
        e.Property(x => x.Body).HasColumnName("data").HasColumnType("json").HasConversion(
            body => TextOf(body), text => Encoding.UTF8.GetBytes(text));
    }

    private static string TextOf(ReadOnlyMemory<byte> body) => Encoding.UTF8.GetString(body.Span);
}
