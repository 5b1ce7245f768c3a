using System.Globalization;
using System.Runtime.InteropServices;

namespace OrderPlatform.Benchmarks.Measuring;

/// <summary>CPU seconds since each process began, as the kernel counts them (/proc/PID/stat, in hundredths of a second).</summary>
internal static class Cpu
{
    private const int ClockTicksASecond = 2;

    private static readonly double Tick = 1.0 / SystemConfiguration(ClockTicksASecond);

    /// <summary>
    /// A process and all its descendants, those that have ended included: their parent holds their time from when it waited for
    /// them. PostgreSQL is one postmaster with a process for each connection, RabbitMQ a script with Erlang's machine beneath.
    /// </summary>
    public static double OfTree(int root)
    {
        var processes = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path.AsSpan()), out var pid) ? Read(pid) : null)
            .OfType<Usage>()
            .ToDictionary(usage => usage.Pid);
        return processes.Values.Where(usage => IsIn(usage)).Sum(usage => usage.Seconds);

        bool IsIn(Usage usage) => usage.Pid == root || (processes.TryGetValue(usage.Parent, out var parent) && IsIn(parent));
    }

    /// <summary>What all processes together have used, on all cores.</summary>
    public static double OfMachine()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // user, nice, system, (idle, iowait,) irq, softirq
        return Tick * fields[1..4].Concat(fields[6..8]).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture));
    }

    private static Usage? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name may hold spaces and brackets; the numbers come after it: state, parent, …, utime, stime, cutime, cstime.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return new Usage(
                pid,
                int.Parse(fields[1], CultureInfo.InvariantCulture),
                Tick * fields[11..15].Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has just ended; its parent has its time, or will.
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "sysconf")]
    private static extern long SystemConfiguration(int name);

    private sealed record Usage(int Pid, int Parent, double Seconds);
}
