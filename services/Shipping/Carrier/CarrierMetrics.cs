using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Prometheus;

namespace OrderPlatform.Shipping.Carrier;

/// <summary>The outcome and duration of each attempt to call the carrier, and the state of the circuit breaker.</summary>
internal sealed class CarrierMetrics
{
    private readonly Histogram duration;
    private readonly Gauge circuit;

    public CarrierMetrics(IMetricFactory metrics)
    {
        var calls = metrics.CreateCounter(
            "shipping_carrier_calls_total", "Attempts to call the carrier, by outcome.", ["outcome"]);
        Accepted = calls.WithLabels("accepted");
        Refused = calls.WithLabels("refused");
        Failed = calls.WithLabels("failed");
        TimedOut = calls.WithLabels("timeout");
        duration = metrics.CreateHistogram(
            "shipping_carrier_call_duration_seconds",
            "How long an attempt to call the carrier took, regardless of its outcome.",
            new HistogramConfiguration
            {
                Buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
                ExemplarBehavior = ExemplarBehavior.NoExemplars(),
            });
        circuit = metrics.CreateGauge("shipping_carrier_circuit_state", "0: closed, 1: half-open, 2: open (the carrier is not called).");
    }

    /// <summary>The carrier carried out the request, now or before.</summary>
    public Counter.Child Accepted { get; }

    /// <summary>The carrier refused; retrying does not help.</summary>
    public Counter.Child Refused { get; }

    /// <summary>The carrier failed, or could not be reached; retrying may help.</summary>
    public Counter.Child Failed { get; }

    /// <summary>The carrier did not answer in time.</summary>
    public Counter.Child TimedOut { get; }

    public void Took(TimeSpan time) => duration.Observe(time.TotalSeconds);

    public void Watch(HttpCircuitBreakerStrategyOptions breaker)
    {
        breaker.OnClosed = _ => Show(0);
        breaker.OnHalfOpened = _ => Show(1);
        breaker.OnOpened = _ => Show(2);
    }

    private ValueTask Show(int state)
    {
        circuit.Set(state);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Counts inside timeouts, retries and circuit breaker, so it sees every attempt, and only calls that were sent.</summary>
internal sealed class CarrierCalls(CarrierMetrics metrics, IHostApplicationLifetime host) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            OutcomeOf(request, response.StatusCode).Inc();
            return response;
        }
        catch (OperationCanceledException) when (host.ApplicationStopping.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            metrics.TimedOut.Inc();
            throw;
        }
        catch (HttpRequestException)
        {
            metrics.Failed.Inc();
            throw;
        }
        finally
        {
            metrics.Took(Stopwatch.GetElapsedTime(began));
        }
    }

    private Prometheus.Counter.Child OutcomeOf(HttpRequestMessage request, HttpStatusCode status) => status switch
    {
        < HttpStatusCode.BadRequest => metrics.Accepted,
        // There is no booking to cancel.
        HttpStatusCode.NotFound or HttpStatusCode.Gone when request.Method == HttpMethod.Delete => metrics.Accepted,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => metrics.Failed,
        _ => metrics.Refused,
    };
}
