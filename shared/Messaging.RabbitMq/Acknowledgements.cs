namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>
/// Collects the handled messages of a channel, so that one acknowledgement covers all of them up to the first unhandled one. Those that
/// overtook it are acknowledged one by one: a message that waits for its retry must not hold up the others.
/// </summary>
internal sealed class Acknowledgements
{
    private readonly Lock gate = new();
    private readonly HashSet<ulong> due = [];
    private readonly HashSet<ulong> sentAhead = [];

    /// <summary>Every delivery up to here is acknowledged; a channel counts them from 1.</summary>
    private ulong settled;

    /// <summary>Adds a handled message.</summary>
    public void Add(ulong tag)
    {
        lock (gate)
            due.Add(tag);
    }

    /// <summary>The acknowledgements to send now, in this order; they count as sent.</summary>
    public IReadOnlyList<Acknowledgement> Take()
    {
        lock (gate)
        {
            // The broker closes the channel when a tag is acknowledged twice, even as one of several.
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

/// <summary>Tells the broker that one or more messages are handled.</summary>
/// <param name="Tag">A message's place among the deliveries of its channel.</param>
/// <param name="Multiple">Whether it also covers all earlier deliveries.</param>
internal readonly record struct Acknowledgement(ulong Tag, bool Multiple);
