using System.Diagnostics.CodeAnalysis;
using OrderPlatform.Messaging;

namespace OrderPlatform.Orders.Domain;

/// <summary>
/// What a pure <c>Decide</c> makes of an incoming event: an event of our own, or nothing, because it took effect before or has
/// none, or because it came too early.
/// </summary>
/// <remarks>Events and outcomes convert implicitly, so that a decision reads as a table of states.</remarks>
public readonly record struct Reaction<TEvent>(Outcome Outcome, TEvent? Event)
    where TEvent : class
{
    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Reaction<TEvent>(TEvent happened) => new(Outcome.Handled, happened);

    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Reaction<TEvent>(Outcome outcome) => new(outcome, null);
}

public static class Reactions
{
    /// <summary>Appends what happened, if anything did.</summary>
    public static Outcome React<TEvent>(this UnitOfWork unit, EventSourcedEntity? stream, Reaction<TEvent> reaction)
        where TEvent : class
    {
        if (reaction.Event is { } happened)
            unit.Append(stream!, happened);
        return reaction.Outcome;
    }
}

/// <summary>
/// Another service says what cannot be, such as that it shipped a cancelled order. That is a bug of theirs or of ours, and
/// the error queue is where somebody will see it.
/// </summary>
public sealed class ContradictionException(Order? order, object @event)
    : Exception($"Order {order?.Id} is {order?.Status}, which {@event.GetType().Name} contradicts.");
