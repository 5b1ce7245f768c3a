using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>One instance of a service, as a process.</summary>
public sealed partial class ServiceProcess : IDisposable
{
    private const string Listening = "Now listening on: ";
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;

    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private readonly Process process;
    private readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServiceProcess(string service, Process process)
    {
        this.process = process;
        Log = new ServiceLog(service);
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) => address.TrySetException(
            new InvalidOperationException($"The service ended with {process.ExitCode}:\n{Log.Tail}"));
        process.EnableRaisingEvents = true;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public HttpClient Http { get; } = new HttpClient().Patient();

    public bool Runs => !process.HasExited;

    public ServiceLog Log { get; }

    /// <summary>Starts an instance on a free port, and returns when it answers requests, ready or not.</summary>
    /// <param name="service">The name of its project.</param>
    /// <param name="settings">Environment variables.</param>
    public static async Task<ServiceProcess> Start(string service, IEnumerable<(string Key, string Value)> settings)
    {
        var folder = Repository.Path("services", service, "bin", Configuration, "net10.0");
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(folder, $"OrderPlatform.{service}.dll")])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ASPNETCORE_ENVIRONMENT"] = "Production", ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" },
        };
        foreach (var (key, value) in settings)
            start.Environment[key] = value;

        var instance = new ServiceProcess(service, new Process { StartInfo = start });
        try
        {
            instance.Http.BaseAddress = await instance.address.Task.WaitAsync(Eventually.Guard);
            return instance;
        }
        catch
        {
            instance.Dispose();
            throw;
        }
    }

    /// <summary>The answer of <c>/health/ready</c>: the status code, and the description of each check.</summary>
    public async Task<(int Status, IReadOnlyDictionary<string, string> Checks)> Health()
    {
        using var response = await Http.GetAsync(new Uri("health/ready", UriKind.Relative));
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return ((int)response.StatusCode, body.GetProperty("checks").EnumerateObject()
            .ToDictionary(check => check.Name, check => check.Value.GetProperty("description").GetString() ?? ""));
    }

    /// <summary>Returns when it is ready.</summary>
    public async Task<ServiceProcess> Ready()
    {
        var health = (Status: 0, Checks: (IReadOnlyDictionary<string, string>)new Dictionary<string, string>());
        try
        {
            await Eventually.Is(async () => (health = await Health()).Status == 200);
            return this;
        }
        catch (TimeoutException exception)
        {
            var checks = string.Join("; ", health.Checks.Select(check => $"{check.Key}: {check.Value}"));
            throw new TimeoutException($"{Path.GetFileName(process.StartInfo.ArgumentList[1])} is not ready: {checks}", exception);
        }
    }

    /// <summary>Whether its relay is the one that publishes.</summary>
    public async Task<bool> RelayIsActive() => (await Health()).Checks["relay"] == "active";

    /// <summary>The sum of a metric over all its labels; 0 if there is none.</summary>
    /// <param name="name">A part of its name.</param>
    public async Task<double> Metric(string name)
    {
        var lines = await Http.GetStringAsync(new Uri("metrics", UriKind.Relative));
        return lines.Split('\n')
            .Where(line => !line.StartsWith('#') && line.Split('{', ' ')[0].Contains(name, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Sends SIGTERM and waits until it has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> Stop()
    {
        Terminate(process);
        using var limit = new CancellationTokenSource(Eventually.Guard);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The service did not stop within {Eventually.Guard.TotalSeconds} seconds:\n{Log.Tail}");
        }

        return process.ExitCode;
    }

    /// <summary>Sends SIGTERM.</summary>
    internal static void Terminate(Process process) => _ = Signal(process.Id, Sigterm);

    /// <summary>Pauses it (SIGSTOP): it still receives data, but processes none until it is resumed or killed.</summary>
    public void Pause() => _ = Signal(process.Id, Sigstop);

    /// <summary>Resumes it (SIGCONT).</summary>
    public void Resume() => _ = Signal(process.Id, Sigcont);

    /// <summary>Kills it (SIGKILL): it has no time to notify anyone.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (Runs)
            Kill();
        process.Dispose();
        Http.Dispose();
        Log.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
            return;
        Log.Add(line);
        if (line.IndexOf(Listening, StringComparison.Ordinal) is var at and >= 0)
            address.TrySetResult(new Uri(line[(at + Listening.Length)..].Split('"', ' ')[0]));
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int processId, int signal);
}
