using System.Data.Common;
using System.Globalization;
using System.Runtime.InteropServices;
using OrderPlatform.Benchmarks;
using OrderPlatform.Benchmarks.Ceiling;
using OrderPlatform.Benchmarks.Load;
using OrderPlatform.Benchmarks.Measuring;
using OrderPlatform.Benchmarks.Running;
using OrderPlatform.Benchmarks.Scenarios;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

// The processes that this program starts of itself: the load generator, and the ceiling's services.
switch (args)
{
    case ["load"]:
        LoadGenerator.Serve();
        return 0;
    case ["ceiling-orders"]:
        await new OrdersByHand().Run(Settings.FromEnvironment());
        return 0;
    case ["ceiling-inventory"]:
        await new InventoryByHand().Run(Settings.FromEnvironment());
        return 0;
    case ["ceiling-shipping"]:
        await new ShippingByHand().Run(Settings.FromEnvironment());
        return 0;
    case [var other] when other.StartsWith("ceiling-", StringComparison.Ordinal):
        await Console.Error.WriteLineAsync($"'{other}' is not written: a service that is listed needs one by hand, in Ceiling/.");
        return 2;
}

if (args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine(Options.Help);
    return 0;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var options = Options.Parse(args);
    using var servers = new Servers();
    await servers.KeepCommitTimes(stop.Token);
    var report = new Report(options, await Machine.Describe(servers, stop.Token));
    await (options.Scenario switch
    {
        "latency" => Latency.Run(options, servers, report, stop.Token),
        "backlog" => Backlog.Run(options, servers, report, stop.Token),
        "growth" => Growth.Run(options, servers, report, stop.Token),
        _ => Flow.Run(options, servers, report, stop.Token),
    });

    Console.WriteLine();
    Console.Write(report.Table());
    if (options.JsonFile is { } file)
        await File.WriteAllTextAsync(file, report.ToJson() + "\n");
    return report.IsConsistent ? 0 : 1;
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine($"error: {exception.Message}\n\n{Options.Help}");
    return 2;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
catch (Exception exception)
    when (exception is InvalidOperationException or TimeoutException or HttpRequestException or IOException or DbException)
{
    Console.Error.WriteLine($"error: {exception.Message}");
    return 1;
}

void Stop(PosixSignalContext signal)
{
    // Everything that was started is stopped on the way out.
    signal.Cancel = true;
    stop.Cancel();
}
