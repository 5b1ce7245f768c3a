using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Handlers;
using OrderPlatform.Messaging.Inbox;

namespace OrderPlatform.Messaging.Tests.Inbox;

public sealed class StreamBacklogTests
{
    private readonly List<int> handled = [];

    [Fact]
    public void Events_are_handled_in_the_order_of_their_sequences()
    {
        var backlog = Backlog(arrived: [3, 1, 2]);

        backlog.Run(InSequence);

        Assert.Equal([1, 2, 3], handled);
        Assert.Equal([1, 2, 3], Sequences(backlog.Handled));
        Assert.Empty(backlog.ToDefer);
    }

    [Fact]
    public void An_event_that_is_too_early_is_deferred_with_those_behind_it()
    {
        var backlog = Backlog(arrived: [1, 3, 4]);

        backlog.Run(InSequence);

        Assert.Equal([1], Sequences(backlog.Handled));
        Assert.Equal([3, 4], Sequences(backlog.ToDefer));
    }

    [Fact]
    public void Deferred_events_resume_when_their_predecessor_arrives()
    {
        var backlog = Backlog(arrived: [1], deferred: [3, 2, 5]);

        backlog.Run(InSequence);

        Assert.Equal([1, 2, 3], Sequences(backlog.Handled));
        Assert.Equal([2, 3], Sequences(backlog.Resumed));
        Assert.Equal([5], Sequences(backlog.StillDeferred));
        Assert.Empty(backlog.ToDefer);
    }

    [Fact]
    public void One_producer_that_is_too_early_does_not_hold_back_another()
    {
        var backlog = new StreamBacklog(new HashSet<Guid>());
        backlog.Add(Event(2, "Payments"), deferred: false);
        backlog.Add(Event(7, "Orders"), deferred: false);

        backlog.Run(@event => @event.Producer == "Orders" ? Outcome.Handled : Outcome.Defer);

        Assert.Equal([7], Sequences(backlog.Handled));
        Assert.Equal([2], Sequences(backlog.ToDefer));
    }

    /// <summary>An event may wait for an event of another producer.</summary>
    [Fact]
    public void An_event_is_tried_again_after_another_producers_event_is_handled()
    {
        var backlog = new StreamBacklog(new HashSet<Guid>());
        backlog.Add(Event(1, "Payments"), deferred: false);
        backlog.Add(Event(2, "Orders"), deferred: false);
        var ordered = false;

        backlog.Run(@event => @event.Producer == "Orders" ? Order() : ordered ? Outcome.Handled : Outcome.Defer);

        Assert.Equal([2, 1], Sequences(backlog.Handled));

        Outcome Order()
        {
            ordered = true;
            return Outcome.Handled;
        }
    }

    [Fact]
    public void A_deferred_event_that_is_held_back_is_not_tried_and_blocks_those_behind_it()
    {
        var failed = Event(2);
        var backlog = new StreamBacklog(new HashSet<Guid> { failed.EventId });
        backlog.Add(Event(1), deferred: false);
        backlog.Add(failed, deferred: true);
        backlog.Add(Event(3), deferred: true);

        backlog.DeferredLocks(@event => Assert.Equal(3, @event.Sequence));
        backlog.Run(InSequence);

        Assert.Equal([1], handled);
        Assert.Equal([2, 3], Sequences(backlog.StillDeferred));
    }

    [Fact]
    public void The_failure_of_a_deferred_event_names_it()
    {
        var backlog = Backlog(arrived: [1], deferred: [2]);

        var exception = Assert.Throws<DeferredEventFailedException>(
            () => backlog.Run(@event => @event.Sequence == 2 ? throw new InvalidOperationException("poison") : Outcome.Handled));

        Assert.Equal(2, exception.Event.Sequence);
        Assert.Equal("poison", exception.InnerException!.Message);
    }

    [Fact]
    public void The_failure_of_an_event_that_arrived_is_its_own()
    {
        var backlog = Backlog(arrived: [1], deferred: [2]);

        Assert.Throws<InvalidOperationException>(() => backlog.Run(_ => throw new InvalidOperationException("poison")));
    }

    private static StreamBacklog Backlog(int[] arrived, params int[] deferred)
    {
        var backlog = new StreamBacklog(new HashSet<Guid>());
        foreach (var sequence in arrived)
            backlog.Add(Event(sequence), deferred: false);
        foreach (var sequence in deferred)
            backlog.Add(Event(sequence), deferred: true);
        return backlog;
    }

    private static EventEnvelope Event(int sequence, string producer = "Orders") => new(
        Guid.NewGuid(), $"{producer}:Happened", "stream", sequence, Guid.Empty, CausationId: null, default, TraceParent: null, default);

    private static IEnumerable<int> Sequences(IEnumerable<EventEnvelope> events) => events.Select(@event => @event.Sequence);

    /// <summary>Handles an event if the one before it was handled.</summary>
    private Outcome InSequence(EventEnvelope @event)
    {
        if (@event.Sequence != handled.Count + 1)
            return Outcome.Defer;
        handled.Add(@event.Sequence);
        return Outcome.Handled;
    }
}
