using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrderPlatform.Benchmarks.Measuring;

namespace OrderPlatform.Benchmarks;

/// <summary>Collects measurements, and shows them as a table and as JSON.</summary>
internal sealed class Report(Options options, Machine machine)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<Measurement> measurements = [];
    private readonly List<Ratio> ratios = [];

    public IReadOnlyList<Measurement> Measurements => measurements;

    public bool IsConsistent => measurements.TrueForAll(measurement => measurement.Problems.Count == 0);

    public void Add(Measurement measurement)
    {
        measurements.Add(measurement);
        Scenarios.Progress.Say(
            $"{measurement.Name}: {measurement.ShippedPerSecond:N0} orders/s to Shipped, "
            + $"{measurement.CpuMilliseconds:N2} CPU-ms an order, check {ConsistencyCheck(measurement)}");
    }

    /// <summary>Compares two runs of one round.</summary>
    public void Compare(string oneName, Measurement one, Measurement other, string otherName)
    {
        var ratio = new Ratio(oneName, otherName, one.ShippedPerSecond / other.ShippedPerSecond, one.CpuMilliseconds / other.CpuMilliseconds);
        ratios.Add(ratio);
        Scenarios.Progress.Say(
            $"{oneName} has {ratio.Rate:P0} of the orders/s of the {otherName}, and {ratio.Cpu:N2} times its CPU an order");
    }

    /// <summary>The results as a table.</summary>
    public string Table()
    {
        var text = new StringBuilder();
        Line($"{machine.Cores} cores of {machine.Processor}, {machine.MemoryGigabytes} GB, Linux {machine.Kernel}, {machine.Runtime}");
        Line($"PostgreSQL {machine.PostgreSql} ({machine.Durability}), RabbitMQ {machine.RabbitMq}, commit {machine.Commit}");
        Line($"{options.Connections} connections; {options.WarmUp:N0} orders to warm up before each run");
        if (machine.LoadBefore > 0.5)
            Line($"The machine was busy before it began (load {machine.LoadBefore}): others% is the share of others meanwhile.");

        text.AppendLine();
        Rows(
            ["", "orders", "accepted/s", "Shipped/s", "POST p50", "p99 ms", "others%", "peak MB", "check"],
            measurements.Select(m => new[]
            {
                m.Name, $"{m.Orders:N0}", $"{m.AcceptedPerSecond:N0}", $"{m.ShippedPerSecond:N0}", $"{m.PostP50:N1}", $"{m.PostP99:N1}",
                $"{m.OthersPercent:N0}", $"{m.PeakMegabytes.Values.Max():N0}", ConsistencyCheck(m),
            }));

        text.AppendLine().AppendLine("CPU milliseconds an order");
        string[] processes = [.. measurements[0].CpuMillisecondsAnOrder.Keys];
        Rows(
            ["", .. processes, "all", "(generator)"],
            measurements.Select(m => new[] { m.Name }
                .Concat(processes.Select(process => $"{m.CpuMillisecondsAnOrder[process]:N3}"))
                .Concat([$"{m.CpuMilliseconds:N3}", $"{m.GeneratorMillisecondsAnOrder:N3}"])
                .ToArray()));

        if (measurements.Exists(m => m.ToShipped is not null))
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"POST to Shipped at {options.Rate:N0} orders/s, milliseconds");
            Rows(
                ["", "p50", "p95", "p99", "max"],
                measurements.Where(m => m.ToShipped is not null).Select(m => new[]
                {
                    m.Name, $"{m.ToShipped!.P50:N1}", $"{m.ToShipped.P95:N1}", $"{m.ToShipped.P99:N1}", $"{m.ToShipped.Max:N1}",
                }));
        }

        foreach (var measurement in measurements)
        {
            foreach (var (what, value) in measurement.More ?? new Dictionary<string, double>())
                Line($"{measurement.Name}: {what}: {value:N2}");
            foreach (var (outcome, count) in measurement.NotAccepted)
                Line($"{measurement.Name}: {count:N0} POSTs were answered with {outcome}");
            foreach (var problem in measurement.Problems)
                Line($"{measurement.Name}: WRONG: {problem}");
        }

        if (ratios.Count > 0)
            text.AppendLine();
        foreach (var ratio in MedianRatios())
        {
            var rounds = ratios.Count(r => r.One == ratio.One);
            Line($"{ratio.One} against the {ratio.Other}, median of {rounds}: {ratio.Rate:P0} of its orders/s, {ratio.Cpu:N2} times its CPU an order");
        }

        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));

        void Rows(string[] head, IEnumerable<string[]> rows)
        {
            string[][] all = [head, .. rows];
            var widths = Enumerable.Range(0, head.Length).Select(column => all.Max(row => row[column].Length)).ToArray();
            foreach (var row in all)
            {
                var cells = row.Select((cell, column) => column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column]));
                text.AppendLine(string.Join("  ", cells).TrimEnd());
            }
        }
    }

    /// <summary>The results as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            at = DateTimeOffset.UtcNow,
            machine,
            options,
            measurements,
            ratios,
            medianRatios = MedianRatios(),
        },
        Json);

    private IEnumerable<Ratio> MedianRatios() =>
        from ratio in ratios
        group ratio by (ratio.One, ratio.Other) into rounds
        select new Ratio(rounds.Key.One, rounds.Key.Other, Median(rounds.Select(r => r.Rate)), Median(rounds.Select(r => r.Cpu)));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string ConsistencyCheck(Measurement measurement) => measurement.Problems.Count == 0 ? "right" : "WRONG";

    /// <summary>One run's figures divided by those of the other, within one round.</summary>
    private sealed record Ratio(string One, string Other, double Rate, double Cpu);
}
