using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Testing;

// A second consumer of the ledger's events, on its own queue. It was added later, so it needs a replay of the past.

/// <summary>The events of an account that the second consumer has handled.</summary>
public sealed class AccountHistory
{
    public Guid Id { get; init; }

    /// <summary>The sequence of the last event that took effect.</summary>
    public int Sequence { get; set; }

    /// <summary>Words for the events, in the order in which they took effect, such as <c>opened 1 2 closed</c>.</summary>
    public string Events { get; set; } = "";
}

/// <summary>Handles each event after the one before it.</summary>
public abstract class SecondConsumer(UnitOfWork unit)
{
    public const string Queue = "ledger_history";

    public static void AddTo(MessagingBuilder messaging) => messaging
        .Handles<Opened, ConsumeOpened>(Queue)
        .Handles<Deposited, ConsumeDeposited>(Queue)
        .Handles<Closed, ConsumeClosed>(Queue);

    protected Outcome Handle(Guid account, string word)
    {
        Poison.ThrowIfPoisoned(account);
        var incoming = unit.Incoming!;
        var history = unit.Find<AccountHistory>(account);
        if (incoming.Sequence > (history?.Sequence ?? 0) + 1)
            return Outcome.Defer;
        if (history is null)
            unit.Add(history = new AccountHistory { Id = account });
        (history.Sequence, history.Events) = (incoming.Sequence, $"{history.Events} {word}".Trim());
        return Outcome.Handled;
    }
}

public sealed class ConsumeOpened(UnitOfWork unit) : SecondConsumer(unit), IHandler<Opened>
{
    public static void Locks(Opened opened, RowsToLock rows) => rows.Add<AccountHistory>(opened.AccountId);

    public Outcome Handle(Opened opened) => Handle(opened.AccountId, "opened");
}

public sealed class ConsumeDeposited(UnitOfWork unit) : SecondConsumer(unit), IHandler<Deposited>
{
    public static void Locks(Deposited deposited, RowsToLock rows) => rows.Add<AccountHistory>(deposited.AccountId);

    public Outcome Handle(Deposited deposited) => Handle(deposited.AccountId, $"{deposited.Amount}");
}

public sealed class ConsumeClosed(UnitOfWork unit) : SecondConsumer(unit), IHandler<Closed>
{
    public static void Locks(Closed closed, RowsToLock rows) => rows.Add<AccountHistory>(closed.AccountId);

    public Outcome Handle(Closed closed) => Handle(closed.AccountId, "closed");
}
