using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Prometheus;

namespace OrderPlatform.ServiceDefaults.Telemetry;

/// <summary>One instrument, and its series by tags.</summary>
internal sealed class InstrumentMetric
{
    /// <summary>A tag that turns out to be an id must not exhaust memory.</summary>
    private const int MaxSeries = 500;

    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Counts = Histogram.ExponentialBuckets(1, 4, 10);

    // .NET 10 makes counters of them, although they also decrease.
    private static readonly string[] Gauges = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    private readonly ConcurrentDictionary<int, Series> series = [];
    private readonly Func<string[], string[], Action<double>> create;
    private readonly string[]? labels;
    private readonly double scale;

    /// <param name="labels">The tags that become labels; null for all.</param>
    public InstrumentMetric(IMetricFactory metrics, Instrument instrument, string[]? labels)
    {
        this.labels = labels;
        var kind = KindOf(instrument);
        var name = NameOf(instrument, kind);
        var help = instrument.Description ?? instrument.Name;
        scale = instrument.Unit == "ms" ? 0.001 : 1;
        create = kind switch
        {
            Kind.Counter => (names, values) => Increasing(metrics.CreateCounter(name, help, names).WithLabels(values)),
            Kind.Total => (names, values) => metrics.CreateCounter(name, help, names).WithLabels(values).IncTo,
            Kind.UpDown => (names, values) => metrics.CreateGauge(name, help, names).WithLabels(values).Inc,
            Kind.Gauge => (names, values) => metrics.CreateGauge(name, help, names).WithLabels(values).Set,
            _ => (names, values) => metrics.CreateHistogram(name, help, names, BucketsOf(instrument)).WithLabels(values).Observe,
        };
    }

    private enum Kind
    {
        Counter,
        Total,
        UpDown,
        Gauge,
        Histogram,
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => Of(tags)?.Record(value * scale);

    public void StartAtZero(ReadOnlySpan<KeyValuePair<string, object?>> tags) => Of(tags);

    private static Kind KindOf(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Counter<>) && instrument.Name.EndsWith(".active", StringComparison.Ordinal)
            // MassTransit adds -1 to these counters when the work ends.
            ? Kind.UpDown
            : type == typeof(Counter<>) ? Kind.Counter
            : type == typeof(ObservableCounter<>) && !Gauges.Contains(instrument.Name) ? Kind.Total
            : type == typeof(UpDownCounter<>) ? Kind.UpDown
            : type == typeof(Histogram<>) ? Kind.Histogram
            : Kind.Gauge;
    }

    /// <summary>Ignores a negative increment: prometheus-net would throw into the code that measures.</summary>
    private static Action<double> Increasing(Counter.Child counter) => value => counter.Inc(Math.Max(value, 0));

    /// <summary>Appends the unit, and <c>_total</c> to counters.</summary>
    private static string NameOf(Instrument instrument, Kind kind)
    {
        var name = instrument.Name.Replace('.', '_').Replace('-', '_');
        var unit = instrument.Unit switch
        {
            "s" or "ms" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        if (!name.Contains(unit, StringComparison.Ordinal))
            name += unit;
        return kind is Kind.Counter or Kind.Total && !name.EndsWith("_total", StringComparison.Ordinal) ? $"{name}_total" : name;
    }

    private static HistogramConfiguration BucketsOf(Instrument instrument) => new()
    {
        Buckets = (instrument as Instrument<double>)?.Advice?.HistogramBucketBoundaries?.ToArray()
            ?? (instrument.Unit is "s" or "ms" ? Seconds : Counts),
        ExemplarBehavior = ExemplarBehavior.NoExemplars(),
    };

    /// <summary>Finds the series by a hash of its tags; on a collision it moves on to the next number. Null beyond the maximum.</summary>
    private Series? Of(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = new HashCode();
        foreach (var (name, value) in tags)
        {
            if (!IsLabel(name))
                continue;
            hash.Add(name);
            hash.Add(value);
        }

        for (var place = hash.ToHashCode(); ; place++)
        {
            if (!series.TryGetValue(place, out var found))
            {
                if (series.Count >= MaxSeries)
                    return null;
                found = series.GetOrAdd(place, new Series(this, tags));
            }

            if (found.Is(tags))
                return found;
        }
    }

    private bool IsLabel(string tag) => labels is null || labels.Contains(tag);

    private sealed class Series
    {
        private readonly InstrumentMetric metric;
        private readonly KeyValuePair<string, object?>[] tags;
        private readonly Action<double> record;

        public Series(InstrumentMetric metric, ReadOnlySpan<KeyValuePair<string, object?>> measured)
        {
            this.metric = metric;
            tags = Array.FindAll(measured.ToArray(), tag => metric.IsLabel(tag.Key));
            var sorted = tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).ToArray();
            record = Try(
                metric.create,
                Array.ConvertAll(sorted, tag => tag.Key.Replace('.', '_').Replace('-', '_')),
                Array.ConvertAll(sorted, tag => tag.Value?.ToString() ?? ""));
        }

        public void Record(double value) => record(value);

        public bool Is(ReadOnlySpan<KeyValuePair<string, object?>> measured)
        {
            var equal = 0;
            foreach (var (name, value) in measured)
            {
                if (!metric.IsLabel(name))
                    continue;
                if (equal == tags.Length || tags[equal].Key != name || !Equals(tags[equal].Value, value))
                    return false;
                equal++;
            }

            return equal == tags.Length;
        }

        /// <summary>An instrument that cannot be exported, such as one with the name of another, must not fail its owner.</summary>
        private static Action<double> Try(Func<string[], string[], Action<double>> create, string[] names, string[] values)
        {
            try
            {
                return create(names, values);
            }
            catch (Exception)
            {
                // Without a filter: with one, the runtime (10.0.12) once terminated the process.
                return _ => { };
            }
        }
    }
}
