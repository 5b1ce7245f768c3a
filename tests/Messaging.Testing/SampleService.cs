using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Operations.Retention;

namespace OrderPlatform.Messaging.Testing;

// A service as small as one can be: accounts write events, and a queue of the same service tallies them.

public sealed record Opened(Guid AccountId);

public sealed record Deposited(Guid AccountId, int Amount);

public sealed record Closed(Guid AccountId);

/// <summary>No service consumes it.</summary>
public sealed record Audited(Guid AccountId);

public sealed class Account : EventSourcedEntity
{
    public Guid Id { get; init; }

    public int Balance { get; private set; }

    public bool IsClosed { get; private set; }

    protected internal override string StreamId => Id.ToString();

    protected internal override Guid? CorrelationId => Id;

    protected override void Apply(object @event)
    {
        Balance += @event is Deposited deposited ? deposited.Amount : 0;
        IsClosed |= @event is Closed;
    }
}

public sealed class OpenAccounts : IOpenStreams
{
    public IQueryable<string> In(DbContext database) =>
        from account in database.Set<Account>() where !account.IsClosed select account.Id.ToString();
}

public sealed class Tally
{
    public Guid Id { get; init; }

    public int Total { get; set; }

    public bool Closed { get; set; }

    /// <summary>How often a handler changed the row.</summary>
    public int Changes { get; set; }
}

public sealed class SampleDb(DbContextOptions<SampleDb> options) : DbContext(options)
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<Tally> Tallies => Set<Tally>();

    public DbSet<AccountHistory> AccountHistories => Set<AccountHistory>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddMessaging();
}

public sealed class TallyOpening(UnitOfWork unit) : IHandler<Opened>
{
    public static void Locks(Opened opened, RowsToLock rows) => rows.Add<Tally>(opened.AccountId);

    public Outcome Handle(Opened opened)
    {
        Poison.ThrowIfPoisoned(opened.AccountId);
        if (unit.Find<Tally>(opened.AccountId) is null)
            unit.Add(new Tally { Id = opened.AccountId });
        return Outcome.Handled;
    }
}

public sealed class TallyDeposit(UnitOfWork unit) : IHandler<Deposited>
{
    public static void Locks(Deposited deposited, RowsToLock rows) => rows.Add<Tally>(deposited.AccountId);

    public Outcome Handle(Deposited deposited)
    {
        if (unit.Find<Tally>(deposited.AccountId) is not { } tally)
            return Outcome.Defer;
        Poison.ThrowIfPoisoned(deposited.AccountId);
        if (deposited.Amount == Poison.Amount)
            throw new InvalidOperationException("poison");
        tally.Total += deposited.Amount;
        tally.Changes++;
        return Outcome.Handled;
    }
}

public sealed class TallyClosing(UnitOfWork unit) : IHandler<Closed>
{
    public static void Locks(Closed closed, RowsToLock rows) => rows.Add<Tally>(closed.AccountId);

    public Outcome Handle(Closed closed)
    {
        if (unit.Find<Tally>(closed.AccountId) is not { } tally)
            return Outcome.Defer;
        tally.Closed = true;
        return Outcome.Handled;
    }
}

/// <summary>Remembers the events that it observed.</summary>
public sealed class RecordingObserver : IEventObserver
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<object> events = [];

    public IReadOnlyCollection<object> Events => events;

    public bool Fails { get; set; }

    public void Happened(EventSourcedEntity row, object @event)
    {
        if (Fails)
            throw new InvalidOperationException("This observer fails.");
        events.Enqueue(@event);
    }
}

/// <summary>Makes handlers throw: for openings of and deposits on some accounts, and for one amount.</summary>
public static class Poison
{
    public const int Amount = 666;

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Guid, string> Poisoned = [];

    public static void Add(Guid account, string message = "poison") => Poisoned[account] = message;

    public static void Remove(Guid account) => Poisoned.TryRemove(account, out _);

    public static void ThrowIfPoisoned(Guid account)
    {
        if (Poisoned.TryGetValue(account, out var message))
            throw new InvalidOperationException(message);
    }
}
