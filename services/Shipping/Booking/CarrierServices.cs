using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using OrderPlatform.Messaging.Batching;
using OrderPlatform.Shipping.Carrier;
using OrderPlatform.Shipping.Features;

namespace OrderPlatform.Shipping.Booking;

internal static class CarrierServices
{
    /// <summary>Adds the carrier's client, worker and simulator, as configured in section <c>Carrier</c>; none in mode Instant.</summary>
    public static void AddCarrier(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<CarrierOptions>().BindConfiguration("Carrier").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<CarrierOptions>>().Value);
        services.AddActivatedSingleton<CarrierMetrics>();
        if (builder.Configuration.GetValue("Carrier:Mode", CarrierMode.Simulator) == CarrierMode.Instant)
            return;

        services.AddSingleton<CarrierSimulator>();
        services.AddSingleton<BookingSignal>();
        services.AddSingleton<ICommitObserver>(provider => provider.GetRequiredService<BookingSignal>());
        services.AddScoped<BookShipment>();
        services.AddScoped<UndoBooking>();
        services.AddHostedService<BookingWorker>();
        services.AddTransient<CarrierCalls>();
        var client = services.AddHttpClient<CarrierClient>((provider, http) => http.BaseAddress = BaseAddress(provider));
        client
            .AddStandardResilienceHandler()
            .Configure((resilience, provider) =>
            {
                resilience.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(15);
                resilience.AttemptTimeout.Timeout = TimeSpan.FromSeconds(3);
                resilience.Retry.MaxRetryAttempts = 3;
                resilience.Retry.Delay = TimeSpan.FromMilliseconds(200);
                resilience.Retry.UseJitter = true;
                resilience.CircuitBreaker.FailureRatio = 0.5;
                resilience.CircuitBreaker.MinimumThroughput = 20;
                resilience.CircuitBreaker.SamplingDuration = TimeSpan.FromSeconds(10);
                resilience.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(5);
                builder.Configuration.GetSection("Carrier:Resilience").Bind(resilience);
                provider.GetRequiredService<CarrierMetrics>().Watch(resilience.CircuitBreaker);
            });
        client.AddHttpMessageHandler<CarrierCalls>();
    }

    private static Uri BaseAddress(IServiceProvider provider)
    {
        var carrier = provider.GetRequiredService<CarrierOptions>();
        return carrier is { Mode: CarrierMode.Http, BaseUrl: { } url }
            ? new Uri($"{url.ToString().TrimEnd('/')}/")
            : OwnAddress(provider.GetRequiredService<IServer>());
    }

    /// <summary>The address of the simulator in this process; known once the server listens.</summary>
    private static Uri OwnAddress(IServer server)
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses.Select(BindingAddress.Parse).ToArray() ?? [];
        var address = Array.Find(addresses, a => a.Scheme == Uri.UriSchemeHttp) ?? addresses.FirstOrDefault()
            ?? throw new InvalidOperationException("The service has no address, so its simulator cannot be reached.");
        var host = address.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : address.Host;
        return new UriBuilder(address.Scheme, host, address.Port, "carrier-simulator/").Uri;
    }
}
