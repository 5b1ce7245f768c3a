using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.Shipping.Tests;

/// <summary>A carrier that answers as the test decides, and records its calls.</summary>
public sealed class FakeCarrier : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<Guid, bool> bookings = [];
    private readonly ConcurrentQueue<(string Method, Guid Key)> calls = [];

    private FakeCarrier()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapPost("/api/bookings", (HttpContext http) => Serve(
            http, Guid.Parse(http.Request.Headers["Idempotency-Key"].Single()!), key => bookings[key] = true));
        app.MapDelete("/api/bookings/{key:guid}", (HttpContext http, Guid key) => Serve(
            http, key, _ => bookings.TryRemove(key, out var _)));
    }

    /// <summary>Called before each answer; returns the status code of the answer.</summary>
    public Func<string, Guid, Task<int>> Answer { get; set; } = (_, _) => Task.FromResult(200);

    /// <summary>Carries out the request, but closes the connection instead of answering.</summary>
    public bool LosesAnswers { get; set; }

    public Uri BaseUrl => new($"{app.Urls.Single()}/api");

    /// <summary>Every call that reached it, in order.</summary>
    public IReadOnlyCollection<(string Method, Guid Key)> Calls => calls;

    /// <summary>The shipments that it has booked and not cancelled.</summary>
    public ICollection<Guid> Bookings => bookings.Keys;

    public static async Task<FakeCarrier> Start()
    {
        var carrier = new FakeCarrier();
        await carrier.app.StartAsync();
        return carrier;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task Serve(HttpContext http, Guid key, Action<Guid> effect)
    {
        calls.Enqueue((http.Request.Method, key));
        var status = await Answer(http.Request.Method, key);
        if (status == 200)
            effect(key);
        if (LosesAnswers)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = status;
        if (status == 200)
            await http.Response.WriteAsJsonAsync(new { trackingNumber = $"FAKE-{key}" });
    }
}
