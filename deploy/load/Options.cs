using System.Globalization;

namespace OrderPlatform.LoadGenerator;

/// <summary>The options of the command line or, where it has none, of the environment.</summary>
internal sealed record Options
{
    public const string Help =
        """
        Places orders at a steady rate until it is stopped: most are for goods that it replenishes, some for goods that are scarce
        and so may be rejected, some are cancelled soon after. While a service is unavailable it waits, and says so.

        Usage: OrderPlatform.LoadGenerator [OPTION VALUE]...

          --orders-per-second N   LOAD_ORDERS_PER_SECOND   0.01 to 10000; 20 if not given
          --scarce-share N        LOAD_SCARCE_SHARE        the share of orders for scarce goods, 0 to 1: 0.1.
                                                           Half of them are in stock
          --cancelled-share N     LOAD_CANCELLED_SHARE     the share of orders that are cancelled, 0 to 1: 0.05. Some of these are too late
          --orders-url URL        LOAD_ORDERS_URL          http://localhost:5101
          --inventory-url URL     LOAD_INVENTORY_URL       http://localhost:5102
          --status-seconds N      LOAD_STATUS_SECONDS      how often it prints a line: every 10 s
          --heartbeat-file PATH   LOAD_HEARTBEAT_FILE      a file that it touches while its orders are accepted, for --health
          --health                checks whether the one with this heartbeat file had an order accepted in the last 30 s; or in the time in
                                  which three are due, if that is longer: it needs the same --orders-per-second
          --help

        Exit codes: 0 when it was stopped, or is healthy; 1 when it is not healthy; 2 when an option is wrong, or the heartbeat file can
        not be written when it starts.

        The rate is that of an open loop: an order that takes long does not hold up the next. Orders that were due while a service was
        away, or while too many others waited for their answers, are left out and not made up for.
        """;

    public double OrdersPerSecond { get; private init; } = 20;

    public double ScarceShare { get; private init; } = 0.1;

    public double CancelledShare { get; private init; } = 0.05;

    public Uri OrdersUrl { get; private init; } = new("http://localhost:5101");

    public Uri InventoryUrl { get; private init; } = new("http://localhost:5102");

    public TimeSpan StatusInterval { get; private init; } = TimeSpan.FromSeconds(10);

    /// <summary>Null if there is no health check.</summary>
    public string? HeartbeatFile { get; private init; }

    /// <param name="environment">The value of a variable; null or empty if it is not set.</param>
    /// <exception cref="ArgumentException">An option is unknown, or its value is invalid.</exception>
    public static Options Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var options = new Options();
        foreach (var name in Names)
        {
            var variable = $"LOAD_{name[2..].Replace('-', '_').ToUpperInvariant()}";
            if (environment(variable) is { Length: > 0 } value)
                options = options.With(name, value, variable);
        }

        for (var i = 0; i < arguments.Count; i += 2)
        {
            if (!Names.Contains(arguments[i]))
                throw new ArgumentException($"'{arguments[i]}' is unknown.");
            if (i + 1 == arguments.Count)
                throw new ArgumentException($"{arguments[i]} needs a value.");
            options = options.With(arguments[i], arguments[i + 1], arguments[i]);
        }

        return options;
    }

    private static readonly string[] Names =
    [
        "--orders-per-second",
        "--scarce-share",
        "--cancelled-share",
        "--orders-url",
        "--inventory-url",
        "--status-seconds",
        "--heartbeat-file",
    ];

    private Options With(string name, string value, string source)
    {
        return name switch
        {
            "--orders-per-second" => this with { OrdersPerSecond = Number(0.01, 10_000) },
            "--scarce-share" => this with { ScarceShare = Number(0, 1) },
            "--cancelled-share" => this with { CancelledShare = Number(0, 1) },
            "--status-seconds" => this with { StatusInterval = TimeSpan.FromSeconds(Number(0.1, 3600)) },
            "--heartbeat-file" => this with { HeartbeatFile = value },
            "--orders-url" => this with { OrdersUrl = Url() },
            _ => this with { InventoryUrl = Url() },
        };

        double Number(double least, double most) =>
            double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most
                ? number
                : throw new ArgumentException($"{source}: '{value}' is not a number from {least} to {most}.");

        Uri Url() => Uri.TryCreate($"{value.TrimEnd('/')}/", UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new ArgumentException($"{source}: '{value}' is not an address such as http://localhost:5101.");
    }
}
