using OrderPlatform.Messaging.Relay;

namespace OrderPlatform.Messaging.Tests.Relay;

public sealed class GapTrackerTests
{
    private static readonly HashSet<string> Nobody = [];

    [Fact]
    public void Positions_without_a_gap_are_read_on()
    {
        var tracker = new GapTracker(4, []);

        tracker.Read([5, 6, 7], Nobody);

        Assert.Equal((7, false), (tracker.Position, tracker.HasGaps));
    }

    [Fact]
    public void Missing_positions_become_gaps_and_reading_continues_behind_them()
    {
        var tracker = new GapTracker(4, []);

        var gone = tracker.Read([6, 9], Nobody);

        Assert.Equal(9, tracker.Position);
        Assert.Equal([5, 7, 8], tracker.Gaps);
        Assert.False(gone);
    }

    [Fact]
    public void A_gap_that_is_filled_is_gone()
    {
        var tracker = new GapTracker(9, [5, 7]);

        var gone = tracker.Read([7], new HashSet<string> { "writer" });

        Assert.Equal((9, true), (tracker.Position, gone));
        Assert.Equal([5], tracker.Gaps);
    }

    [Fact]
    public void A_gap_is_kept_while_a_transaction_that_may_fill_it_is_running()
    {
        var tracker = new GapTracker(4, []);
        tracker.Read([6], Nobody);

        for (var look = 0; look < 3; look++)
            Assert.False(tracker.Read([], new HashSet<string> { "slow" }));

        Assert.Equal([5], tracker.Gaps);
    }

    [Fact]
    public void A_gap_is_forgotten_when_all_transactions_that_might_have_filled_it_have_ended()
    {
        var tracker = new GapTracker(4, []);
        tracker.Read([6], Nobody);
        tracker.Read([], new HashSet<string> { "first", "second" });
        tracker.Read([], new HashSet<string> { "second" });

        // Transactions that began later cannot have its position.
        var gone = tracker.Read([], new HashSet<string> { "third" });

        Assert.Equal((false, true), (tracker.HasGaps, gone));
    }

    /// <summary>The writers are listed before the events are read, so those of the first look may not include the gap's own.</summary>
    [Fact]
    public void A_gap_that_was_just_found_is_kept_although_nothing_is_being_written()
    {
        var tracker = new GapTracker(4, []);

        tracker.Read([6], Nobody);

        Assert.Equal([5], tracker.Gaps);
    }

    [Fact]
    public void Gaps_of_an_earlier_relay_are_forgotten_when_nothing_is_being_written()
    {
        var tracker = new GapTracker(9, [5, 7]);

        Assert.True(tracker.Read([], Nobody));

        Assert.Equal((9, false), (tracker.Position, tracker.HasGaps));
    }
}
