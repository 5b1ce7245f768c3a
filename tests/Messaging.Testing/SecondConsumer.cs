using OrderPlatform.Messaging.Batching;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Testing;

// A second consumer of the ledger's events, on a queue of its own. It was added later and has to learn the past.

/// <summary>The second consumer's knowledge of an account.</summary>
public sealed class Lesson
{
    public Guid Id { get; init; }

    /// <summary>The sequence of the last event that took effect.</summary>
    public int Sequence { get; set; }

    /// <summary>Words for the events, in the order in which they took effect, such as <c>opened 1 2 closed</c>.</summary>
    public string Learned { get; set; } = "";
}

/// <summary>Learns each event after the one before it.</summary>
public abstract class Learn(UnitOfWork unit)
{
    public const string Queue = "ledger_lessons";

    public static void AddTo(MessagingBuilder messaging) => messaging
        .Handles<Opened, LearnOpening>(Queue)
        .Handles<Deposited, LearnDeposit>(Queue)
        .Handles<Closed, LearnClosing>(Queue);

    protected Outcome Handle(Guid account, string word)
    {
        Poison.ThrowIfPoisoned(account);
        var incoming = unit.Incoming!;
        var lesson = unit.Find<Lesson>(account);
        if (incoming.Sequence > (lesson?.Sequence ?? 0) + 1)
            return Outcome.Defer;
        if (lesson is null)
            unit.Add(lesson = new Lesson { Id = account });
        (lesson.Sequence, lesson.Learned) = (incoming.Sequence, $"{lesson.Learned} {word}".Trim());
        return Outcome.Handled;
    }
}

public sealed class LearnOpening(UnitOfWork unit) : Learn(unit), IHandler<Opened>
{
    public static void Locks(Opened opened, RowsToLock rows) => rows.Add<Lesson>(opened.AccountId);

    public Outcome Handle(Opened opened) => Handle(opened.AccountId, "opened");
}

public sealed class LearnDeposit(UnitOfWork unit) : Learn(unit), IHandler<Deposited>
{
    public static void Locks(Deposited deposited, RowsToLock rows) => rows.Add<Lesson>(deposited.AccountId);

    public Outcome Handle(Deposited deposited) => Handle(deposited.AccountId, $"{deposited.Amount}");
}

public sealed class LearnClosing(UnitOfWork unit) : Learn(unit), IHandler<Closed>
{
    public static void Locks(Closed closed, RowsToLock rows) => rows.Add<Lesson>(closed.AccountId);

    public Outcome Handle(Closed closed) => Handle(closed.AccountId, "closed");
}
