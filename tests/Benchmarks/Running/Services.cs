using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using OrderPlatform.DeploymentGenerator;

namespace OrderPlatform.Benchmarks.Running;

/// <summary>What is measured.</summary>
internal enum Target
{
    /// <summary>The services, with the default transport.</summary>
    MassTransit,

    /// <summary>The services, with RabbitMQ.Client alone.</summary>
    RabbitMq,

    /// <summary>The same work by hand.</summary>
    Ceiling,
}

internal static class TargetNames
{
    /// <summary>Its name in reports.</summary>
    public static string Name(this Target target) => target.ToString().ToLowerInvariant();
}

/// <summary>The services of a target, each as a process.</summary>
internal sealed class Services : IAsyncDisposable
{
    private static readonly IReadOnlyList<Service> Listed = ServiceList.Read(Variable("BENCH_REPOSITORY")).Services;

    private readonly Dictionary<string, (Process Process, Uri Url, string Log)> running = [];

    private Services()
    {
    }

    public static IReadOnlyList<string> Names { get; } = [.. Listed.Select(service => service.Name)];

    public Uri Orders => UrlOf("orders");

    public Uri UrlOf(string service) => running[service].Url;

    /// <summary>Starts all of them, with settings beside the usual ones, and returns when they are ready.</summary>
    public static async Task<Services> Start(
        Target target, IReadOnlyDictionary<string, string> settings, Servers servers, CancellationToken stoppingToken)
    {
        var services = new Services();
        try
        {
            foreach (var name in Names)
                services.running[name] = StartOne(target, name, settings, servers);
            foreach (var name in Names)
                await services.WhenReady(name, stoppingToken);
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    public int PidOf(string service) => running[service].Process.Id;

    /// <exception cref="InvalidOperationException">One of them has ended.</exception>
    public void ThrowIfEnded()
    {
        foreach (var (name, (process, _, log)) in running)
        {
            if (process.HasExited)
                throw new InvalidOperationException($"{name} ended with {process.ExitCode}. The last lines of {log}:\n{LastLines(log)}");
        }
    }

    /// <summary>Sends SIGTERM to all, and kills those that still run after 30 seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (process, _, _) in running.Values)
        {
            if (!process.HasExited)
                _ = Terminate(process.Id, Sigterm);
        }

        foreach (var (process, _, _) in running.Values)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }

            process.Dispose();
        }

        running.Clear();
    }

    private static (Process Process, Uri Url, string Log) StartOne(
        Target target, string name, IReadOnlyDictionary<string, string> settings, Servers servers)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        var log = Path.Combine(servers.Logs, $"{target}-{name}.log".ToLowerInvariant());
        var (directory, arguments) = target == Target.Ceiling
            ? (AppContext.BaseDirectory, new[] { typeof(Services).Assembly.Location, $"ceiling-{name}" })
            : (Path.Combine(Variable("BENCH_BUILD"), name), [$"OrderPlatform.{ProjectOf(name)}.dll"]);

        // The shell only opens the log; then the service takes its place, and its pid.
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1", "sh", log, Environment.ProcessPath!, .. arguments])
        {
            WorkingDirectory = directory,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = url.ToString().TrimEnd('/');
        start.Environment["ConnectionStrings__Database"] = servers.Database(name);
        start.Environment["ConnectionStrings__Broker"] = servers.Broker(name);
        start.Environment["Carrier__Mode"] = "Instant";
        if (target != Target.Ceiling)
            start.Environment["Messaging__Transport"] = target.ToString();
        foreach (var (setting, value) in settings)
            start.Environment[setting] = value;
        return (Process.Start(start)!, url, log);
    }

    private async Task WhenReady(string name, CancellationToken stoppingToken)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var watch = Stopwatch.StartNew();
        while (true)
        {
            ThrowIfEnded();
            try
            {
                using var response = await client.GetAsync(new Uri(running[name].Url, "health/ready"), stoppingToken);
                if (response.IsSuccessStatusCode)
                    return;
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !stoppingToken.IsCancellationRequested)
            {
                // Not yet.
            }

            if (watch.Elapsed > TimeSpan.FromSeconds(90))
            {
                throw new TimeoutException(
                    $"{name} was not ready in 90 seconds. The last lines of its log:\n{LastLines(running[name].Log)}");
            }

            await Task.Delay(100, stoppingToken);
        }
    }

    private static string ProjectOf(string name) => Listed.Single(service => service.Name == name).Project;

    private static string LastLines(string log) => string.Join('\n', File.ReadLines(log).TakeLast(15));

    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set: run tests/bench instead.");

    private const int Sigterm = 15;

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Terminate(int pid, int signal);
}
