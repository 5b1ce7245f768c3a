using System.Globalization;

namespace OrderPlatform.Benchmarks.Scenarios;

/// <summary>Reports progress on standard error; on a terminal, the last line is updated in place.</summary>
internal static class Progress
{
    private static bool unfinished;

    public static void Say(FormattableString what)
    {
        EndLine();
        Console.Error.WriteLine($"{DateTime.Now:HH:mm:ss}  {what.ToString(CultureInfo.InvariantCulture)}");
    }

    public static void Say(string what) => Say((FormattableString)$"{what}");

    public static void Update(FormattableString what)
    {
        if (Console.IsErrorRedirected)
            return;
        Console.Error.Write($"\r\u001b[K          {what.ToString(CultureInfo.InvariantCulture)}");
        unfinished = true;
    }

    private static void EndLine()
    {
        if (unfinished)
            Console.Error.Write("\r\u001b[K");
        unfinished = false;
    }
}
