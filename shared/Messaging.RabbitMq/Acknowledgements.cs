namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Gathers the messages of a channel that are handled, so that one acknowledgement covers all of them up to the first that is not. Those
/// that overtook it are acknowledged one by one: a message that waits for its retry must not hold up the others.
/// </summary>
internal sealed class Acknowledgements
{
    private readonly Lock gate = new();
    private readonly HashSet<ulong> due = [];
    private readonly HashSet<ulong> sentAhead = [];

    /// <summary>Every delivery up to here is acknowledged; a channel counts them from 1.</summary>
    private ulong settled;

    /// <summary>A message is handled.</summary>
    public void Add(ulong tag)
    {
        lock (gate)
            due.Add(tag);
    }

    /// <summary>What to send to the broker now, in this order; it is taken as sent.</summary>
    public IReadOnlyList<Acknowledgement> Take()
    {
        lock (gate)
        {
            // The broker closes the channel when a tag is acknowledged twice, even by an acknowledgement of many.
            ulong last = 0;
            while (true)
            {
                if (due.Remove(settled + 1))
                    last = settled + 1;
                else if (!sentAhead.Remove(settled + 1))
                    break;
                settled++;
            }

            List<Acknowledgement> taken = last > 0 ? [new Acknowledgement(last, Multiple: true)] : [];
            taken.AddRange(due.Order().Select(tag => new Acknowledgement(tag, Multiple: false)));
            sentAhead.UnionWith(due);
            due.Clear();
            return taken;
        }
    }
}

/// <summary>Tells the broker that messages are handled.</summary>
/// <param name="Tag">A message's place among the deliveries of its channel.</param>
/// <param name="Multiple">Whether it is for all before it as well.</param>
internal readonly record struct Acknowledgement(ulong Tag, bool Multiple);
