using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.History;

/// <summary>The parameters of <c>GET /ops/events</c>.</summary>
public sealed class EventListParameterTests(SharedSampleService shared) : SampleServiceTest(shared), IClassFixture<SharedSampleService>
{
    protected override SampleServiceBuilder Service() => base.Service().WithHttp().WithBroker(TestBroker.Nowhere);

    [Theory]
    [InlineData("since=yesterday")]
    [InlineData("until=")]
    [InlineData("type=OrderLost")]
    [InlineData("type=a:%00")]
    [InlineData("stream=%00")]
    [InlineData("after=first")]
    [InlineData("limit=0")]
    [InlineData("limit=201")]
    public async Task Refuses_a_malformed_parameter_and_names_it(string query)
    {
        var service = await SharedService();

        using var response = await service.Http.GetAsync(new Uri($"/ops/events?{query}", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal([query.Split('=')[0]], problem.GetProperty("errors").EnumerateObject().Select(error => error.Name));
    }
}
