using System.Globalization;
using OrderPlatform.Benchmarks.Running;

namespace OrderPlatform.Benchmarks;

/// <summary>The options of the command line.</summary>
internal sealed record Options
{
    public static readonly IReadOnlyList<string> AllJobs = ["retention", "replay", "rebuild", "redrive"];

    public const string Help =
        """
        Measures OrderPlatform on this machine: private PostgreSQL and RabbitMQ, the services, and a load generator.

        Usage: tests/bench [SCENARIO] [OPTION...]

          flow        (the default) orders as fast as they are accepted, until the last one is Shipped: rate, POST latency, CPU an order
          latency     orders at a fixed rate: POST to Shipped, p50, p95, p99 and maximum
          ceiling     flow, with the same work done by hand instead of the services: what this machine can do
          backlog     the broker is down while the orders come in; then the rate at which they drain, and the services' memory
          growth      flow, with 0, 1 and 5 million rows already in log and inbox

          --orders N        how many are measured: by default 20,000, for backlog 100,000
          --warm-up N       how many are sent before, unmeasured: 10,000
          --connections N   keep-alive connections: 64
          --rounds N        how often everything is repeated, each time on fresh databases: 1, or 3 with --against
          --transports A,B  MassTransit,RabbitMq: by default both for flow and latency, and the first for the others
          --against ceiling flow and latency: the platform, with each transport, and the ceiling in turn, and the medians of their ratios
          --against jobs    flow: with background jobs and without, in turn
          --jobs NAME,NAME… which jobs: retention,replay,rebuild,redrive; by default all
          --dead-letters N  how many there are for redrive: 100,000
          --rate N          latency: orders a second: 100
          --seconds N       latency: for how long: 60
          --rows N,N,…      growth: 0,1000000,5000000
          --json FILE       also writes everything that was measured to FILE
          --help            shows this

        All data is checked after every run: each order Shipped once, one shipment each, the stock reduced by exactly what was ordered,
        no event lost, duplicated or out of sequence. If anything is wrong, the exit code is 1.
        """;

    public string Scenario { get; private init; } = "flow";

    public int Orders { get; private init; }

    public int WarmUp { get; private init; } = 10_000;

    public int Connections { get; private init; } = 64;

    public int Rounds { get; private init; }

    /// <summary>At least one; scenarios that do not compare use the first.</summary>
    public IReadOnlyList<Target> Transports { get; private init; } = [Target.MassTransit, Target.RabbitMq];

    public bool AgainstCeiling { get; private init; }

    public bool AgainstJobs { get; private init; }

    public IReadOnlyList<string> Jobs { get; private init; } = AllJobs;

    public int DeadLetters { get; private init; } = 100_000;

    public double Rate { get; private init; } = 100;

    public int Seconds { get; private init; } = 60;

    public IReadOnlyList<long> Rows { get; private init; } = [0, 1_000_000, 5_000_000];

    public string? JsonFile { get; private init; }

    /// <exception cref="ArgumentException">An option is unknown, or its value is not valid.</exception>
    public static Options Parse(string[] arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Length; i++)
        {
            var argument = arguments[i];
            options = argument switch
            {
                "flow" or "latency" or "ceiling" or "backlog" or "growth" => options with { Scenario = argument },
                "--orders" => options with { Orders = Number() },
                "--warm-up" => options with { WarmUp = Number() },
                "--connections" => options with { Connections = Number() },
                "--rounds" => options with { Rounds = Number() },
                "--rate" => options with { Rate = Number() },
                "--seconds" => options with { Seconds = Number() },
                "--rows" => options with { Rows = [.. Value().Split(',').Select(Parsed)] },
                "--jobs" => options with { Jobs = [.. Value().Split(',').Select(Job)] },
                "--transports" => options with { Transports = [.. Value().Split(',').Select(Transport).Distinct()] },
                "--dead-letters" => options with { DeadLetters = Number() },
                "--json" => options with { JsonFile = Value() },
                "--against" => Value() switch
                {
                    "ceiling" => options with { AgainstCeiling = true },
                    "jobs" => options with { AgainstJobs = true },
                    var other => throw new ArgumentException($"--against takes ceiling or jobs, not '{other}'."),
                },
                _ => throw new ArgumentException($"'{argument}' is unknown."),
            };

            string Value() => ++i < arguments.Length ? arguments[i] : throw new ArgumentException($"{argument} needs a value.");

            int Number() => (int)Parsed(Value()) is > 0 and var number
                ? number
                : throw new ArgumentException($"{argument} needs a number above 0.");
        }

        if (options.AgainstCeiling && options.Scenario is not ("flow" or "latency"))
            throw new ArgumentException("--against ceiling goes with flow and latency.");
        if (options.AgainstJobs && (options.AgainstCeiling || options.Scenario != "flow"))
            throw new ArgumentException("--against jobs goes with flow, and without the ceiling.");
        return options with
        {
            Orders = options.Orders > 0 ? options.Orders : options.Scenario == "backlog" ? 100_000 : 20_000,
            Rounds = options.Rounds > 0 ? options.Rounds : options.AgainstCeiling || options.AgainstJobs ? 3 : 1,
        };
    }

    private static Target Transport(string name) => name switch
    {
        nameof(Target.MassTransit) => Target.MassTransit,
        nameof(Target.RabbitMq) => Target.RabbitMq,
        _ => throw new ArgumentException($"--transports takes MassTransit, RabbitMq or both, not '{name}'."),
    };

    private static string Job(string name) => AllJobs.Contains(name)
        ? name
        : throw new ArgumentException($"--jobs takes {string.Join(", ", AllJobs)}, not '{name}'.");

    private static long Parsed(string text) =>
        long.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= int.MaxValue
            ? number
            : throw new ArgumentException($"'{text}' is not a valid number.");
}
