namespace OrderPlatform.LoadGenerator;

/// <summary>
/// Says that orders are accepted to whoever asks for the health of this program. That is another process: it is kept in a file.
/// </summary>
/// <param name="file">Touched while orders are accepted.</param>
/// <param name="longest">How long ago the last may have been.</param>
/// <param name="clock">Of both processes.</param>
internal sealed class Pulse(string file, TimeSpan longest, TimeProvider clock)
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(30);

    /// <exception cref="ArgumentException">They name no file.</exception>
    public static Pulse Of(Options options, TimeProvider clock)
    {
        // So that of slow orders one may fail.
        var slow = TimeSpan.FromSeconds(3 / options.OrdersPerSecond);
        return new Pulse(
            options.PulseFile ?? throw new ArgumentException("--health needs --pulse-file, or LOAD_PULSE_FILE."),
            slow > Usual ? slow : Usual,
            clock);
    }

    public void Beat()
    {
        File.WriteAllText(file, "");
        File.SetLastWriteTimeUtc(file, clock.GetUtcNow().UtcDateTime);
    }

    public bool IsFelt(TextWriter output)
    {
        // Of a file that is not there, it was centuries ago.
        var isFelt = clock.GetUtcNow() - File.GetLastWriteTimeUtc(file) <= longest;
        output.WriteLine($"{(isFelt ? "An" : "No")} order was accepted in the last {longest.TotalSeconds:0} s.");
        return isFelt;
    }
}
