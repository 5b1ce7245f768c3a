using System.Diagnostics.CodeAnalysis;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Why a use case did not happen: a value, because the domain expects it; nothing is broken.</summary>
/// <param name="Code">Stable and machine-readable, kebab-case, such as <c>order-shipped</c>. Clients branch on it.</param>
/// <param name="Detail">One sentence for people: what holds, and what can be done instead.</param>
public sealed record Refusal(string Code, string Detail);

/// <summary>What a pure <c>Decide</c> returns: the event that happened, or the reason why it did not.</summary>
/// <remarks>
/// Both convert implicitly, so that a decision reads as a table:
/// <code>
/// public static Decision&lt;OrderCancelled&gt; Decide(Order order, string reason, DateTimeOffset now) => order.Status switch
/// {
///     OrderStatus.Shipped => new Refusal("order-shipped", "A shipped order can be returned, not cancelled."),
///     _                   => new OrderCancelled(order.Id, order.Lines, reason, now),
/// };
///
/// if (Decide(order, reason, now).IsRefused(out var refusal, out var cancelled))
///     return Problems.Conflict(refusal);
/// order.Apply(cancelled);
/// </code>
/// A use case that ends in one of several events is a <c>Decision&lt;object&gt;</c>, or one of their common base class.
/// </remarks>
/// <typeparam name="TEvent">The event; a class (C# has no user-defined conversions from interfaces).</typeparam>
public sealed record Decision<TEvent>
    where TEvent : class
{
    private Decision(TEvent? happened, Refusal? refusal) => (Event, Refusal) = (happened, refusal);

    /// <summary>What happened; null when refused.</summary>
    public TEvent? Event { get; }

    /// <summary>Why nothing happened; null when an event did.</summary>
    public Refusal? Refusal { get; }

    /// <summary>Tells the two cases apart, and hands out the one that holds.</summary>
    public bool IsRefused([NotNullWhen(true)] out Refusal? refusal, [NotNullWhen(false)] out TEvent? happened)
    {
        (refusal, happened) = (Refusal, Event);
        return refusal is not null;
    }

    /// <summary>It happened.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Decision<TEvent>(TEvent happened) => new(happened, null);

    /// <summary>It was refused.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Decision<TEvent>(Refusal refusal) => new(null, refusal);
}
