namespace OrderPlatform.LoadGenerator;

/// <summary>Tracks whether a service is unavailable, and reports when it goes down and when it is back.</summary>
internal sealed class Outage(string service, TimeProvider clock, TextWriter output)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Lock sync = new();
    private TimeSpan pause = FirstPause;
    private long? since;

    public bool IsOn
    {
        get
        {
            lock (sync)
                return since is not null;
        }
    }

    public void Failed(string reason)
    {
        lock (sync)
        {
            if (since is not null)
                return;
            since = clock.GetTimestamp();
            output.WriteLine($"{service} is unavailable ({reason}); retrying at least every {LongestPause.TotalSeconds} s");
        }
    }

    public void Succeeded()
    {
        lock (sync)
        {
            if (since is not { } begin)
                return;
            output.WriteLine($"{service} is back after {clock.GetElapsedTime(begin).TotalSeconds:0.0} s");
            (since, pause) = (null, FirstPause);
        }
    }

    /// <summary>Waits before the next attempt, longer each time.</summary>
    public Task BackOff(CancellationToken stoppingToken)
    {
        lock (sync)
        {
            var now = pause;
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            return Task.Delay(now, clock, stoppingToken);
        }
    }
}
