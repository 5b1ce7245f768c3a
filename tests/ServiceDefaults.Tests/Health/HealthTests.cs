using System.Net;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Health;

public class HealthTests(TestApp app) : IClassFixture<TestApp>
{
    [Fact]
    public async Task Is_ready_when_every_check_is_healthy()
    {
        app.Broker = HealthCheckResult.Healthy();

        var answer = await app.Get("/health/ready");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(
            """{"status":"healthy","checks":{"database":{"status":"healthy","description":null},"broker":"""
            + """{"status":"healthy","description":null}}}""",
            answer.Body);
    }

    [Fact]
    public async Task Names_the_dependency_that_is_unavailable()
    {
        app.Broker = HealthCheckResult.Unhealthy("the broker at localhost:5672");

        var answer = await app.Get("/health/ready");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "unhealthy"), (answer.Status, answer.Json.GetProperty("status").GetString()));
        var broker = answer.Json.GetProperty("checks").GetProperty("broker");
        Assert.Equal("the broker at localhost:5672", broker.GetProperty("description").GetString());
    }

    [Fact]
    public async Task Accepts_requests_while_the_broker_is_unavailable()
    {
        app.Broker = HealthCheckResult.Unhealthy("the broker");

        var answer = await app.Get("/health/requests");

        Assert.Equal(
            (HttpStatusCode.OK, """{"status":"healthy","checks":{"database":{"status":"healthy","description":null}}}"""),
            (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Is_live_while_a_dependency_is_unavailable()
    {
        app.Broker = HealthCheckResult.Unhealthy("the broker");

        var answer = await app.Get("/health/live");

        Assert.Equal((HttpStatusCode.OK, """{"status":"healthy","checks":{}}"""), (answer.Status, answer.Body));
    }
}
