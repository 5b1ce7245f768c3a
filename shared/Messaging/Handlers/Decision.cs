using System.Diagnostics.CodeAnalysis;

namespace OrderPlatform.Messaging.Handlers;

/// <summary>
/// The result of a pure <c>Decide</c>: an event happened; none did, because it had happened before or has no effect; another event must
/// come first; or the request is refused. Each converts implicitly, so that a decision reads as a table of states.
/// </summary>
/// <typeparam name="TEvent">The event, or the common base of the events, that can happen.</typeparam>
public readonly record struct Decision<TEvent>
    where TEvent : class
{
    internal Decision(TEvent? happened, Refusal? refusal, Outcome outcome) => (Happened, Refusal, Outcome) = (happened, refusal, outcome);

    /// <summary>The event that happened; null when none did.</summary>
    public TEvent? Happened { get; }

    /// <summary>Why the request is refused; null when it is not.</summary>
    public Refusal? Refusal { get; }

    /// <summary>What a handler returns: <see cref="Outcome.Defer"/> when another event must come first.</summary>
    public Outcome Outcome { get; }

    /// <summary>An event happened.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "Decision.Happened is the named alternative.")]
    public static implicit operator Decision<TEvent>(TEvent happened) => new(happened, null, Outcome.Handled);

    /// <summary>The request is refused.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Decision<TEvent>(Refusal refusal) => new(null, refusal, Outcome.Handled);

    /// <summary>Nothing happened, or not yet.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The conversion is the constructor.")]
    public static implicit operator Decision<TEvent>(NoEvent none) => new(null, null, none.Outcome);
}

/// <summary>The decisions without an event.</summary>
public static class Decision
{
    /// <summary>Nothing happens: the event had happened before, or has no effect.</summary>
    public static NoEvent Nothing { get; } = new(Outcome.Handled);

    /// <summary>Another event must come first: the one being handled is kept until then.</summary>
    public static NoEvent Defer { get; } = new(Outcome.Defer);

    /// <summary>An event of one of several types happened.</summary>
    public static Decision<TEvent> Happened<TEvent>(TEvent @event)
        where TEvent : class => new(@event, null, Outcome.Handled);
}

/// <summary>A decision without an event; it converts to a <see cref="Decision{TEvent}"/> of any event.</summary>
public readonly record struct NoEvent
{
    internal NoEvent(Outcome outcome) => Outcome = outcome;

    /// <summary>What a handler returns.</summary>
    public Outcome Outcome { get; }
}

/// <summary>The answer to a valid request that cannot be granted: a value, not an exception.</summary>
/// <param name="Code">Stable, for programs: lower case words joined by hyphens, such as <c>order-shipped</c>.</param>
/// <param name="Detail">For people: a sentence that says why, and what to do instead, if anything.</param>
public sealed record Refusal(string Code, string Detail);
