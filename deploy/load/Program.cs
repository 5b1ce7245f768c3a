using System.Globalization;
using System.Runtime.InteropServices;
using OrderPlatform.LoadGenerator;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
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
    var options = Options.Parse([.. args.Where(argument => argument != "--health")], Environment.GetEnvironmentVariable);
    if (args.Contains("--health"))
        return Heartbeat.Of(options, TimeProvider.System).IsAlive(Console.Out) ? 0 : 1;
    await new Generator(options, TimeProvider.System, Console.Out).Run(stop.Token);
    return 0;
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine($"error: {exception.Message}\n\n{Options.Help}");
    return 2;
}

void Stop(PosixSignalContext signal)
{
    // The last status line must still be written.
    signal.Cancel = true;
    stop.Cancel();
}
