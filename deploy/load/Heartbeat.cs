namespace OrderPlatform.LoadGenerator;

/// <summary>
/// Says that orders are accepted to whoever asks for the health of this program. That is another process: it is kept in a file.
/// </summary>
/// <param name="file">Touched while orders are accepted.</param>
/// <param name="longest">How long ago the last may have been.</param>
/// <param name="clock">Of both processes.</param>
internal sealed class Heartbeat(string file, TimeSpan longest, TimeProvider clock)
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(30);

    private bool isFailing;

    /// <exception cref="ArgumentException">They name no file.</exception>
    public static Heartbeat Of(Options options, TimeProvider clock)
    {
        // So that of slow orders one may fail.
        var slow = TimeSpan.FromSeconds(3 / options.OrdersPerSecond);
        return new Heartbeat(
            options.HeartbeatFile ?? throw new ArgumentException("--health needs --heartbeat-file, or LOAD_HEARTBEAT_FILE."),
            slow > Usual ? slow : Usual,
            clock);
    }

    /// <summary>Makes the file, or sees that it can be written; of orders it says nothing yet.</summary>
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

    /// <summary>An order was accepted. Where the file cannot be written any more, it says so once.</summary>
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
        // Of a file that is not there, it was centuries ago.
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
