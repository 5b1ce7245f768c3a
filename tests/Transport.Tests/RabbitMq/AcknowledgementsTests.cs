using OrderPlatform.Messaging.RabbitMq;

namespace OrderPlatform.Transport.Tests.RabbitMq;

/// <summary>The acknowledgements that a channel sends for handled messages.</summary>
public sealed class AcknowledgementsTests
{
    private readonly Acknowledgements acknowledgements = new();

    [Fact]
    public void One_acknowledgement_covers_every_message_before_the_first_unhandled_one()
    {
        Handle(2, 1, 3, 5);

        Assert.Equal([new Acknowledgement(3, Multiple: true), new Acknowledgement(5, Multiple: false)], acknowledgements.Take());
    }

    [Fact]
    public void Nothing_is_acknowledged_twice()
    {
        Handle(2, 3);
        Assert.Equal([new Acknowledgement(2, Multiple: false), new Acknowledgement(3, Multiple: false)], acknowledgements.Take());
        Assert.Empty(acknowledgements.Take());

        Handle(1);

        Assert.Equal([new Acknowledgement(1, Multiple: true)], acknowledgements.Take());
        Handle(4);
        Assert.Equal([new Acknowledgement(4, Multiple: true)], acknowledgements.Take());
    }

    [Fact]
    public void A_message_that_is_never_handled_is_never_covered()
    {
        for (ulong tag = 2; tag <= 100; tag++)
        {
            Handle(tag);
            Assert.Equal([new Acknowledgement(tag, Multiple: false)], acknowledgements.Take());
        }
    }

    /// <summary>Checks like a broker, which closes the channel on an unknown tag.</summary>
    [Fact]
    public void Each_message_is_acknowledged_once_and_only_after_it_is_handled()
    {
        var unacknowledged = Enumerable.Range(1, 1000).Select(tag => (ulong)tag).ToHashSet();
        var handled = new HashSet<ulong>();
        var order = unacknowledged.ToArray();
        Random.Shared.Shuffle(order);
        foreach (var some in order.Chunk(7))
        {
            handled.UnionWith(some);
            Handle(some);
            foreach (var (tag, multiple) in acknowledgements.Take())
            {
                Assert.Contains(tag, unacknowledged);
                var covered = multiple ? unacknowledged.Where(other => other <= tag).ToArray() : [tag];
                Assert.All(covered, other => Assert.Contains(other, handled));
                unacknowledged.ExceptWith(covered);
            }
        }

        Assert.Empty(unacknowledged);
    }

    private void Handle(params ulong[] tags) => Array.ForEach(tags, acknowledgements.Add);
}
