using System.Diagnostics;
using System.Text.Json;

namespace OrderPlatform.Benchmarks.Load;

/// <summary>The load generator's process, as the measuring process controls it. It stays warm from one load to the next.</summary>
internal sealed class LoadProcess : IDisposable
{
    private readonly Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
    {
        ArgumentList = { typeof(LoadProcess).Assembly.Location, "load" },
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    public int Pid => process.Id;

    /// <summary>Sends orders; returns when all are answered.</summary>
    public async Task<LoadReport> Send(LoadRequest load, CancellationToken stoppingToken)
    {
        await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(load).AsMemory(), stoppingToken);
        await process.StandardInput.FlushAsync(stoppingToken);
        var line = await process.StandardOutput.ReadLineAsync(stoppingToken) ?? throw new InvalidOperationException("The load generator ended.");
        return JsonSerializer.Deserialize<LoadReport>(line)!;
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(2000))
            process.Kill();
        process.Dispose();
    }
}
