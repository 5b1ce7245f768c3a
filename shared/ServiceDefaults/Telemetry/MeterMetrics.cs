using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Prometheus;

namespace OrderPlatform.ServiceDefaults.Telemetry;

/// <summary>
/// Exports .NET meters under the names and types of OpenTelemetry's rules for Prometheus, which dashboards and alerts expect:
/// <c>dotnet_gc_collections_total</c> is a counter.
/// </summary>
/// <remarks>
/// prometheus-net's own MeterAdapter (8.2.1) has options for neither: it exports every counter as a gauge, this one as
/// <c>system_runtime_dotnet_gc_collections</c>, and durations in their original unit. Its idle series disappear and later restart at 0,
/// one observable instrument that throws fails the whole scrape, and nothing limits the number of series.
/// </remarks>
internal sealed class MeterMetrics : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<string, InstrumentMetric> instruments = [];

    /// <param name="registry">Each of its scrapes reads the observable instruments.</param>
    /// <param name="host">Tells the meters of this host from those of others in the same process, as in tests.</param>
    /// <param name="wanted">The instruments to export, as prefixes of <c>meter/instrument</c>.</param>
    public MeterMetrics(IMetricFactory metrics, CollectorRegistry registry, IMeterFactory host, string[] wanted)
    {
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Scope is not null && instrument.Meter.Scope != host)
                return;
            if (!Array.Exists(wanted, $"{instrument.Meter.Name}/{instrument.Name}".StartsWith))
                return;
            var metric = new InstrumentMetric(metrics, instrument, instrument.Name == HttpRequests.Duration ? HttpRequests.Labels : null);
            instruments[instrument.Name] = metric;
            listener.EnableMeasurementEvents(instrument, metric);
        };
        listener.SetMeasurementEventCallback<byte>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => Record(state, value, tags));
        listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => Record(state, (double)value, tags));
        listener.Start();
        registry.AddBeforeCollectCallback(ReadObservableInstruments);
    }

    /// <summary>Creates a series before its first measurement, if there is such an instrument.</summary>
    public void StartAtZero(string instrument, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instruments.TryGetValue(instrument, out var metric))
            metric.StartAtZero(tags);
    }

    public void Dispose() => listener.Dispose();

    private void ReadObservableInstruments()
    {
        try
        {
            listener.RecordObservableInstruments();
        }
        catch (AggregateException)
        {
            // Some instruments threw; all others have been read.
        }
    }

    private static void Record(object? state, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        ((InstrumentMetric)state!).Record(value, tags);
}
