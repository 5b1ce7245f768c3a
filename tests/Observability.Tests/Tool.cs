using System.Diagnostics;

namespace OrderPlatform.Observability.Tests;

/// <summary>
/// A program from the machine's packages, such as Prometheus. A test that needs a missing program is skipped.
/// </summary>
internal sealed class Tool : IDisposable
{
    private readonly Process process;
    private readonly List<string> log = [];

    private Tool(ProcessStartInfo start)
    {
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its whole output.</summary>
    public string Log
    {
        get
        {
            lock (log)
                return string.Join('\n', log);
        }
    }

    /// <summary>The first of these programs that is not installed; null if all are.</summary>
    public static string? FirstMissing(params string[] programs) => Array.Find(programs, program => Find(program) is null);

    public static void SkipWithout(params string[] programs)
    {
        if (FirstMissing(programs) is { } missing)
            Assert.Skip($"{missing} is not installed.");
    }

    /// <summary>Runs a program to its end, and shows its output if it fails.</summary>
    public static async Task Run(string program, params string[] arguments)
    {
        SkipWithout(program);
        using var tool = Start(program, arguments);
        await tool.process.WaitForExitAsync();
        Assert.True(tool.process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}\n{tool.Log}");
    }

    /// <summary>Starts a server.</summary>
    public static Tool Start(string program, string[] arguments, params (string Key, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Find(program)!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        return new Tool(start);
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    private void Read(string? line)
    {
        if (line is null)
            return;
        lock (log)
            log.Add(line);
    }
}
