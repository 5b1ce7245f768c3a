using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrderPlatform.ServiceDefaults.Errors;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests;

/// <summary>A small service on a real Kestrel, in the style of the platform; one for each test class.</summary>
public sealed class TestApp : IAsyncLifetime
{
    private readonly WebApplication app;

    public TestApp()
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.AddServiceDefaults("parcels", port: 5199);
        builder.Services.AddValidation();
        builder.Services.AddHealthChecks()
            .AddCheck("database", () => HealthCheckResult.Healthy(), ["ready", "requests"])
            .AddCheck("broker", () => Broker, ["ready"]);
        app = builder.Build();
        app.MapServiceDefaults();
        app.MapPost("/parcels", PostParcel.Handle);
        app.MapGet("/parcels", (PostParcel.Speed? speed, [FromQuery(Name = "limit")] int max = 10) => TypedResults.Ok($"{speed} {max}"));
        app.MapGet("/parcels/{id:guid}", (Guid id) => Problems.NotFound("parcel", id)).ProducesProblem(404);
        app.MapPut("/parcels/{id:guid}/label", (Guid id) => Problems.Unprocessable("label-taken", $"Another parcel has the label of {id}."))
            .ProducesProblem(422);
        app.MapGet("/weights/{grams}", (int grams, string unit) => TypedResults.Ok($"{grams} {unit}"));
        app.MapGet("/failure/{kind}", string (string kind) => throw Failures[kind]());
    }

    public HttpClient Http { get; } = new();

    /// <summary>The result of the broker's health check.</summary>
    public HealthCheckResult Broker { get; set; } = HealthCheckResult.Healthy();

    private static Dictionary<string, Func<Exception>> Failures { get; } = new()
    {
        ["bug"] = () => new InvalidOperationException("secret"),
        ["duplicate-key"] = () => new InvalidOperationException("secret", new DatabaseError { State = "23505" }),
        ["transient"] = () => new InvalidOperationException("secret", new DatabaseError { Transient = true }),
        ["refused"] = () => new InvalidOperationException("secret", new DatabaseError(new SocketException(111))),
        ["timeout"] = () => new DatabaseError(new TimeoutException()),
        ["not-promoted"] = () => new DatabaseError { State = "25006" },
        ["shutting-down"] = () => new DatabaseError { State = "57P01" },
        ["wrong-password"] = () => new DatabaseError { State = "28P01" },
        ["renamed"] = () => new DatabaseError { State = "3D000" },
        ["full"] = () => new DatabaseError { State = "53300" },
        ["closed"] = () => new DatabaseError { State = "55000" },
        ["unprepared"] = () => new DatabaseError { State = "26000" },
        ["untrusted"] = () => new DatabaseError(new AuthenticationException("see inner", new IOException())),
        ["denied"] = () => new DatabaseError { State = "42501" },
    };

    public async ValueTask InitializeAsync()
    {
        await app.StartAsync();
        Http.BaseAddress = new Uri(app.Urls.First());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }

    public Task<Answer> Get(string path) => Send(new HttpRequestMessage(HttpMethod.Get, path));

    public Task<Answer> Post(string body, string mediaType = "application/json") =>
        Send(new HttpRequestMessage(HttpMethod.Post, "/parcels") { Content = new StringContent(body, Encoding.UTF8, mediaType) });

    public async Task<Answer> Send(HttpRequestMessage request)
    {
        using var response = await Http.SendAsync(request);
        return new(
            response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            response.Headers.RetryAfter?.ToString(),
            await response.Content.ReadAsStringAsync());
    }

    private sealed class DatabaseError(Exception? inner = null) : DbException("secret", inner)
    {
        public bool Transient { get; init; }
        public string? State { get; init; }
        public override bool IsTransient => Transient;
        public override string? SqlState => State;
    }
}

/// <summary>A response that has been read.</summary>
public sealed record Answer(HttpStatusCode Status, string? MediaType, string? RetryAfter, string Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string? Code => Json.GetProperty("code").GetString();

    /// <summary>The errors as one line: <c>path: message; path: message</c>.</summary>
    public string Errors =>
        string.Join("; ", Json.GetProperty("errors").EnumerateObject().Select(error => $"{error.Name}: {error.Value[0]}"));
}
