using System.Diagnostics;
using OrderPlatform.DeploymentGenerator;

namespace OrderPlatform.Compose.Tests;

/// <summary>Compose on this machine: v2, or docker-compose 1.29. It runs as its own project, beside any others.</summary>
internal static class Compose
{
    private const string Project = "orderplatform-tests";

    /// <summary>The versions that the README supports, each as a program and its first arguments.</summary>
    public static readonly string[][] Versions = [["docker", "compose"], ["docker-compose"]];

    private static readonly string Root = Find(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>The services of <c>deploy/services.ini</c>.</summary>
    public static readonly IReadOnlyList<string> Services = [.. ServiceList.Read(Root).Services.Select(service => service.Name)];

    private static readonly Dictionary<string, string> Ports = Services
        .Concat(["postgres", "rabbitmq_management", "prometheus", "alertmanager", "grafana", "jaeger"])
        .ToDictionary(name => $"{name.ToUpperInvariant()}_PORT", _ => $"{OrderPlatform.Testing.Ports.Free()}");

    public static Uri Orders => UrlOf("ORDERS");

    public static Uri Inventory => UrlOf("INVENTORY");

    public static Uri Prometheus => UrlOf("PROMETHEUS");

    /// <summary>Whether the program is installed, with or without an engine.</summary>
    public static async Task<bool> Has(string[] version) => (await Execute([.. version, "version"])).Succeeded;

    /// <summary>Skips the test if there is no engine or no Compose, or if tests are not to use them (as in CI).</summary>
    public static async Task SkipWithoutEngine()
    {
        if (Environment.GetEnvironmentVariable("TEST_SERVERS") == "native")
            Assert.Skip("TEST_SERVERS=native: the tests do not use Docker.");
        if (!(await Execute(["docker", "version"])).Succeeded || await Installed() is null)
            Assert.Skip("No Docker engine answers, or Compose is not installed.");
    }

    /// <summary>Runs the newest installed version of Compose, and shows its output if it fails.</summary>
    public static async Task<string> Run(params string[] arguments)
    {
        var result = await Try(arguments);
        Assert.True(result.Succeeded, $"compose {string.Join(' ', arguments)}\n{result.Output}");
        return result.Output;
    }

    public static async Task<Result> Try(params string[] arguments) => await With((await Installed())!, arguments);

    public static Task<Result> With(string[] version, params string[] arguments) =>
        Execute([.. version, "--project-name", Project, .. arguments]);

    /// <summary>A file of the repository.</summary>
    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>The output of <c>docker inspect</c> for a service's containers, formatted by the template, one line each.</summary>
    public static async Task<string[]> Inspect(string service, string template)
    {
        var containers = Lines((await Try("ps", "--quiet", service)).Standard);
        var inspected = await Execute(["docker", "inspect", "--format", template, .. containers]);
        Assert.True(inspected.Succeeded, inspected.Output);
        return Lines(inspected.Standard);
    }

    /// <summary>The health of each running container: <c>orders healthy</c>, or just <c>orders</c> if it has no health check.</summary>
    public static async Task<string[]> Health()
    {
        var containers = Lines((await Try("ps", "--quiet")).Standard);
        const string Format =
            """{{if .State.Running}}{{index .Config.Labels "com.docker.compose.service"}}"""
            + "{{if .State.Health}} {{.State.Health.Status}}{{end}}{{end}}";
        return containers.Length == 0 ? [] : Lines((await Execute(["docker", "inspect", "--format", Format, .. containers])).Standard);
    }

    private static async Task<string[]?> Installed()
    {
        foreach (var version in Versions)
        {
            if (await Has(version))
                return version;
        }

        return null;
    }

    private static async Task<Result> Execute(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, port) in Ports)
            start.Environment[name] = port;
        try
        {
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return new Result(process.ExitCode == 0, await output, await error);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new Result(false, "", $"{command[0]} is not installed.");
        }
    }

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static Uri UrlOf(string service) => new($"http://127.0.0.1:{Ports[$"{service}_PORT"]}");

    private static string Find(DirectoryInfo? directory)
    {
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "docker-compose.yml")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The tests are not in their repository.");
    }

    internal sealed record Result(bool Succeeded, string Standard, string Error)
    {
        public string Output => Standard + Error;
    }
}
