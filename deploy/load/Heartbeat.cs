namespace OrderPlatform.LoadGenerator;

/// <summary>
/// Tells the health check that orders are accepted. The check is another process, so the state is kept in a file.
/// </summary>
/// <param name="file">Touched while orders are accepted.</param>
/// <param name="longest">How old the last heartbeat may be.</param>
/// <param name="clock">The clock of both processes.</param>
internal sealed class Heartbeat(string file, TimeSpan longest, TimeProvider clock)
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(30);

    private bool isFailing;

    /// <exception cref="ArgumentException">The options name no file.</exception>
    public static Heartbeat Of(Options options, TimeProvider clock)
    {
        // So that one of several slow orders may fail.
        var slow = TimeSpan.FromSeconds(3 / options.OrdersPerSecond);
        return new Heartbeat(
            options.HeartbeatFile ?? throw new ArgumentException("--health needs --heartbeat-file, or LOAD_HEARTBEAT_FILE."),
            slow > Usual ? slow : Usual,
            clock);
    }

    /// <summary>Creates the file, or checks that it can be written; this does not count as a heartbeat.</summary>
    /// <exception cref="ArgumentException">It cannot be written.</exception>
    public void Prepare()
    {
        try
        {
            Write(DateTime.UnixEpoch);
        }
        catch (Exception exception) when (IsOfTheFile(exception))
        {
            throw new ArgumentException(Describe(exception), exception);
        }
    }

    /// <summary>An order was accepted. If the file can no longer be written, it reports that once.</summary>
    public void Beat(TextWriter output)
    {
        try
        {
            Write(clock.GetUtcNow().UtcDateTime);
            isFailing = false;
        }
        catch (Exception exception) when (IsOfTheFile(exception))
        {
            if (!isFailing)
                output.WriteLine(Describe(exception));
            isFailing = true;
        }
    }

    public bool IsAlive(TextWriter output)
    {
        // A missing file counts as written centuries ago.
        var isAlive = clock.GetUtcNow() - File.GetLastWriteTimeUtc(file) <= longest;
        output.WriteLine($"{(isAlive ? "An" : "No")} order was accepted in the last {longest.TotalSeconds:0} s.");
        return isAlive;
    }

    private void Write(DateTime time)
    {
        File.WriteAllText(file, "");
        File.SetLastWriteTimeUtc(file, time);
    }

    private static bool IsOfTheFile(Exception exception) => exception is IOException or UnauthorizedAccessException;

    private static string Describe(Exception exception) => $"The heartbeat file cannot be written: {exception.Message}";
}
