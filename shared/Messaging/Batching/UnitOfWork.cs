using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// The rows and events of one transaction. Everything it was told to read is loaded and locked before work begins;
/// everything added or appended is written with the commit, or not at all.
/// </summary>
public sealed class UnitOfWork
{
    private readonly DbContext database;
    private readonly EventLogWriter log;
    private readonly LoadedRows rows;
    private readonly List<(EventSourcedEntity Row, object Event)> changes = [];

    internal UnitOfWork(DbContext database, EventTypes types, TimeProvider clock)
    {
        this.database = database;
        log = new EventLogWriter(types, clock);
        rows = new LoadedRows(database);
    }

    /// <summary>The event that is being handled; null when the unit serves a request.</summary>
    public EventEnvelope? Incoming { get; internal set; }

    /// <summary>The event that is being handled, for work that goes on later; null when the unit serves a request.</summary>
    public Cause? Cause => Incoming is { } incoming ? new Cause(incoming.EventId, Activity.Current?.Id ?? incoming.TraceParent) : null;

    /// <summary>What the observers hear of after the commit.</summary>
    internal IReadOnlyList<(EventSourcedEntity Row, object Event)> Changes => changes;

    internal bool HasAppended => log.Any;

    /// <summary>The row with this primary key, locked; null when there is none.</summary>
    /// <exception cref="InvalidOperationException">The unit did not name the row in its reads.</exception>
    public TRow? Find<TRow>(object key)
        where TRow : class => rows.Find<TRow>(key);

    /// <summary>The row with this primary key, locked, where its absence would be a bug.</summary>
    /// <exception cref="InvalidOperationException">There is no such row, or the unit did not name it in its reads.</exception>
    public TRow Get<TRow>(object key)
        where TRow : class => Find<TRow>(key) ?? throw new InvalidOperationException($"There is no {typeof(TRow).Name} '{key}'.");

    /// <summary>Inserts a row with the commit.</summary>
    public void Add<TRow>(TRow row)
        where TRow : class
    {
        database.Add(row);
        rows.Added(row);
    }

    /// <summary>Applies an event to a row and writes it to the event log as the next of the row's stream.</summary>
    /// <param name="stream">The row.</param>
    /// <param name="event">What happened to it.</param>
    /// <param name="cause">Why, if not because of the event or the request that the unit serves.</param>
    /// <exception cref="InvalidOperationException">Program.cs neither publishes nor records events of this type.</exception>
    public void Append(EventSourcedEntity stream, object @event, Cause? cause = null)
    {
        log.Append(stream, @event, cause ?? Cause, Incoming?.CorrelationId);
        Tell(stream, @event);
    }

    /// <summary>Has observers hear of an event that changed the row but is in another service's log, after the commit.</summary>
    public void Tell(EventSourcedEntity row, object @event) => changes.Add((row, @event));

    /// <summary>Adds the statements that read the rows; <see cref="Read"/> takes their results.</summary>
    internal void Select(RowsToLock reads, NpgsqlBatch batch) => rows.Select(reads, batch);

    internal Task Read(NpgsqlDataReader reader, CancellationToken cancellationToken) => rows.Read(reader, cancellationToken);

    /// <summary>Reads those of the rows that are not here yet.</summary>
    internal async Task Load(RowsToLock reads, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        rows.Select(reads, batch);
        if (batch.BatchCommands.Count == 0)
            return;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await rows.Read(reader, cancellationToken);
    }

    /// <summary>Adds the statements that write what has changed; what they cannot say is written at once.</summary>
    internal async Task Save(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        if (!BulkSave.TryAdd(database, batch))
            await database.SaveChangesAsync(cancellationToken);
        log.AddTo(batch);
    }
}
