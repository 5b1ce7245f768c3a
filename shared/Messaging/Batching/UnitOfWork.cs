using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Messaging.Tracing;

namespace OrderPlatform.Messaging.Batching;

/// <summary>
/// The rows and events of one transaction. The named rows are loaded and locked before work begins; added rows and appended events are
/// written with the commit, or not at all.
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

    /// <summary>The event that is being handled, for work that continues later; null when the unit serves a request.</summary>
    public Cause? Cause => Incoming is { } incoming ? new Cause(incoming.EventId, Activity.Current?.Id ?? incoming.TraceParent) : null;

    /// <summary>Whether the unit has appended events to the log.</summary>
    internal bool HasAppended => log.Any;

    /// <summary>The changes, for the observers after the commit.</summary>
    internal IReadOnlyList<(EventSourcedEntity Row, object Event)> Changes => changes;

    /// <summary>The rows of a type that the unit has read or added.</summary>
    public IEnumerable<TRow> Rows<TRow>()
        where TRow : class => database.ChangeTracker.Entries<TRow>().Select(entry => entry.Entity);

    /// <summary>The row with this primary key, locked; null when there is none.</summary>
    /// <exception cref="InvalidOperationException">The unit did not name the row among those to lock.</exception>
    public TRow? Find<TRow>(object key)
        where TRow : class => rows.Find<TRow>(key);

    /// <summary>The row with this primary key, locked, where its absence would be a bug.</summary>
    /// <exception cref="InvalidOperationException">There is no such row, or the unit did not name it among those to lock.</exception>
    public TRow Get<TRow>(object key)
        where TRow : class => Find<TRow>(key) ?? throw new InvalidOperationException($"There is no {typeof(TRow).Name} '{key}'.");

    /// <summary>Inserts a row with the commit.</summary>
    public void Add<TRow>(TRow row)
        where TRow : class
    {
        database.Add(row);
        rows.Added(row);
    }

    /// <summary>Applies an event to an entity and writes it to the event log as the next of the entity's stream.</summary>
    /// <param name="cause">The event's cause, if that is not the event or request that the unit serves.</param>
    /// <exception cref="InvalidOperationException">Program.cs neither publishes nor records events of this type.</exception>
    public void Append(EventSourcedEntity entity, object @event, Cause? cause = null)
    {
        log.Append(entity, @event, cause ?? Cause, Incoming?.CorrelationId);
        changes.Add((entity, @event));
    }

    /// <summary>
    /// Applies an event to an entity without writing it to the log: it is in another service's log, or on another stream of this one.
    /// Observers are notified of it after the commit.
    /// </summary>
    public void Apply(EventSourcedEntity entity, object @event)
    {
        entity.Change(@event);
        changes.Add((entity, @event));
    }

    /// <summary>Appends the event of a decision, if there is one.</summary>
    /// <returns>The outcome, for the handler to return.</returns>
    /// <exception cref="InvalidOperationException">
    /// The decision is a refusal, although no caller waits for it; or there is an event, but no entity.
    /// </exception>
    public Outcome Append<TEvent>(EventSourcedEntity? entity, Decision<TEvent> decision)
        where TEvent : class
    {
        if (decision.Refusal is { } refusal)
            throw new InvalidOperationException($"An event cannot be refused: {refusal.Detail}");
        if (decision.Happened is { } happened)
            Append(entity ?? throw new InvalidOperationException($"There is no entity that {happened.GetType().Name} belongs to."), happened);
        return decision.Outcome;
    }

    /// <summary>Adds the statements that read the rows; <see cref="Read"/> takes their results.</summary>
    internal void Select(RowsToLock locks, NpgsqlBatch batch) => rows.Select(locks, batch);

    internal Task Read(NpgsqlDataReader reader, CancellationToken cancellationToken) => rows.Read(reader, cancellationToken);

    /// <summary>Reads the rows that are not loaded yet.</summary>
    internal async Task Load(RowsToLock locks, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        rows.Select(locks, batch);
        if (batch.BatchCommands.Count == 0)
            return;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await rows.Read(reader, cancellationToken);
    }

    /// <summary>Adds the statements that write the changes; those that need SaveChanges are written at once.</summary>
    internal async Task Save(NpgsqlBatch batch, CancellationToken cancellationToken)
    {
        if (!BulkSave.TryAdd(database, batch))
            await database.SaveChangesAsync(cancellationToken);
        log.AddTo(batch);
    }
}
