using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Prometheus;

namespace OrderPlatform.ServiceDefaults;

/// <summary>
/// Shows the meters of .NET and of libraries as Prometheus' conventions want them: <c>dotnet_gc_collections_total</c>, a counter.
/// prometheus-net's own adapter shows <c>system_runtime_dotnet_gc_collections</c>, a gauge, and sorts and copies the labels of each
/// measurement, of which MassTransit alone makes several a message.
/// </summary>
internal sealed class MeterMetrics : IDisposable
{
    private readonly MeterListener listener = new();

    /// <param name="metrics">Makes the metrics.</param>
    /// <param name="registry">Asks the observable instruments when it is asked itself.</param>
    /// <param name="wanted">Beginnings of <c>meter/instrument</c>.</param>
    public MeterMetrics(IMetricFactory metrics, CollectorRegistry registry, string[] wanted)
    {
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (Array.Exists(wanted, $"{instrument.Meter.Name}/{instrument.Name}".StartsWith))
                listener.EnableMeasurementEvents(instrument, new InstrumentMetric(metrics, instrument));
        };
        listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => Record(state, (double)value, tags));
        listener.Start();
        registry.AddBeforeCollectCallback(Ask);
    }

    private void Ask()
    {
        try
        {
            listener.RecordObservableInstruments();
        }
        catch (AggregateException)
        {
            // An instrument failed; the others have answered.
        }
    }

    public void Dispose() => listener.Dispose();

    private static void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((InstrumentMetric)state!).Record(value, tags);
}

/// <summary>One instrument, and its series by tags.</summary>
internal sealed class InstrumentMetric
{
    /// <summary>A tag that turns out to be an id must not fill the memory.</summary>
    private const int MostSeries = 200;

    private static readonly double[] Seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Counts = Histogram.ExponentialBuckets(1, 4, 10);

    // .NET 10 calls them counters, but they go down again.
    private static readonly string[] Gauges = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    private readonly ConcurrentDictionary<int, Series> series = [];
    private readonly Func<string[], string[], Action<double>> create;
    private readonly double scale;

    public InstrumentMetric(IMetricFactory metrics, Instrument instrument)
    {
        var kind = KindOf(instrument);
        var name = NameOf(instrument, kind);
        var help = instrument.Description ?? instrument.Name;
        scale = instrument.Unit == "ms" ? 0.001 : 1;
        create = kind switch
        {
            Kind.Counter => (names, values) => Growing(metrics.CreateCounter(name, help, names).WithLabels(values)),
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

    private static Kind KindOf(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        return type == typeof(Counter<>) && instrument.Name.EndsWith(".active", StringComparison.Ordinal)
            // MassTransit's, which adds -1 at the end.
            ? Kind.UpDown
            : type == typeof(Counter<>) ? Kind.Counter
            : type == typeof(ObservableCounter<>) && !Gauges.Contains(instrument.Name) ? Kind.Total
            : type == typeof(UpDownCounter<>) ? Kind.UpDown
            : type == typeof(Histogram<>) ? Kind.Histogram
            : Kind.Gauge;
    }

    /// <summary>What counts down is no counter, and would throw into whoever measured.</summary>
    private static Action<double> Growing(Counter.Child counter) => value => counter.Inc(Math.Max(value, 0));

    /// <summary>As OpenTelemetry's rules for Prometheus say: the unit, in full, and <c>total</c> for what only grows.</summary>
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

    /// <summary>Finds the series by a hash of its tags; the next number is its place when another series has that one.</summary>
    private Series? Of(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = new HashCode();
        foreach (var (name, value) in tags)
        {
            hash.Add(name);
            hash.Add(value);
        }

        for (var place = hash.ToHashCode(); ; place++)
        {
            if (!series.TryGetValue(place, out var found))
            {
                if (series.Count >= MostSeries)
                    return null;
                found = series.GetOrAdd(place, new Series(tags.ToArray(), create));
            }

            if (found.Is(tags))
                return found;
        }
    }

    private sealed class Series
    {
        private readonly KeyValuePair<string, object?>[] tags;
        private readonly Action<double> record;

        public Series(KeyValuePair<string, object?>[] tags, Func<string[], string[], Action<double>> create)
        {
            this.tags = tags;
            var sorted = tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).ToArray();
            record = Try(
                create,
                Array.ConvertAll(sorted, tag => tag.Key.Replace('.', '_').Replace('-', '_')),
                Array.ConvertAll(sorted, tag => tag.Value?.ToString() ?? ""));
        }

        public void Record(double value) => record(value);

        /// <summary>An instrument that cannot be shown, such as one with another's name, is none of its owner's business.</summary>
        private static Action<double> Try(Func<string[], string[], Action<double>> create, string[] names, string[] values)
        {
            try
            {
                return create(names, values);
            }
            catch (Exception)
            {
                // No filter here: with one, the runtime (10.0.12) ended the whole process, seen once.
                return _ => { };
            }
        }

        public bool Is(ReadOnlySpan<KeyValuePair<string, object?>> others)
        {
            if (tags.Length != others.Length)
                return false;
            for (var i = 0; i < tags.Length; i++)
            {
                if (tags[i].Key != others[i].Key || !Equals(tags[i].Value, others[i].Value))
                    return false;
            }

            return true;
        }
    }
}
