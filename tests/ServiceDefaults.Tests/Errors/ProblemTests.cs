using System.Net;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Errors;

public class ProblemTests(TestApp app) : IClassFixture<TestApp>
{
    private const string Parcel = """{"recipient":"Ada","speed":"nextDay","items":[{"sku":"TEA","quantity":1}]}""";
    internal const string Integer = "a whole number between -2147483648 and 2147483647";

    [Fact]
    public async Task Accepts_a_valid_request() => Assert.Equal(HttpStatusCode.Created, (await app.Post(Parcel)).Status);

    [Theory]
    [InlineData("\"quantity\":1", "\"quantity\":\"1\"", $"items[0].quantity: Must be {Integer}.")]
    [InlineData("\"quantity\":1", "\"quantity\":1.5", $"items[0].quantity: Must be {Integer}.")]
    [InlineData("\"quantity\":1", "\"quantity\":9999999999", $"items[0].quantity: Must be {Integer}.")]
    [InlineData("\"quantity\":1", "\"quantity\":null", $"items[0].quantity: Must be {Integer}.")]
    [InlineData("\"quantity\":1", "\"quantity\":1,\"quantity\":2", "items[0].quantity: Appears more than once.")]
    [InlineData(",\"quantity\":1", "", "items[0].quantity: Required.")]
    [InlineData("\"sku\":\"TEA\",\"quantity\":1", "", "items[0].sku: Required.; items[0].quantity: Required.")]
    [InlineData("\"sku\"", "\"SKU\"", "items[0].SKU: Unknown property. Expected one of: sku, quantity.")]
    [InlineData("\"sku\"", "\"s.k.u\"", "items[0]['s.k.u']: Unknown property. Expected one of: sku, quantity.")]
    [InlineData("\"TEA\"", "null", "items[0].sku: Must be a string.")]
    [InlineData("\"Ada\"", "5", "recipient: Must be a string.")]
    [InlineData("\"recipient\"", "\"recipent\"", "recipent: Unknown property. Expected one of: recipient, speed, items, note.")]
    [InlineData("\"nextDay\"", "\"soon\"", "speed: Must be one of: standard, nextDay.")]
    [InlineData("\"nextDay\"", "1", "speed: Must be one of: standard, nextDay.")]
    [InlineData("[{", "[null,{", "items[0]: Must not be null.")]
    [InlineData("[{", "[7,{", "items[0]: Must be a JSON object.")]
    [InlineData("[{\"sku\":\"TEA\",\"quantity\":1}]", "{}", "items: Must be a JSON array.")]
    [InlineData("}]}", "}]", "$: Invalid JSON at line 1, byte 74: Expected depth to be zero at the end of the JSON payload. "
        + "There is an open JSON object or array that should be closed.")]
    [InlineData(Parcel, "[]", "$: Must be a JSON object.")]
    [InlineData(Parcel, "null", "$: A JSON body is required.")]
    [InlineData(Parcel, "", "$: A JSON body is required.")]
    public async Task Names_the_field_that_cannot_be_read(string part, string replacement, string errors)
    {
        var answer = await app.Post(Parcel.Replace(part, replacement, StringComparison.Ordinal));

        AssertProblem(answer, HttpStatusCode.BadRequest, "invalid-request");
        Assert.Equal(errors, answer.Errors);
    }

    [Fact]
    public async Task Names_every_field_that_fails_validation()
    {
        var answer = await app.Post("""{"recipient":"","speed":"standard","items":[{"sku":"a b","quantity":0}]}""");

        AssertProblem(answer, HttpStatusCode.BadRequest, "invalid-request");
        Assert.Equal(
            "recipient: The field Recipient must be a string with a minimum length of 1 and a maximum length of 20.; "
            + "items[0].sku: The field Sku must match the regular expression '[A-Z0-9-]{1,64}'.; "
            + "items[0].quantity: The field Quantity must be between 1 and 1000.",
            answer.Errors);
    }

    [Fact]
    public async Task States_the_maximum_body_size()
    {
        var answer = await app.Post(Parcel.Replace("Ada", new string('a', 64 * 1024), StringComparison.Ordinal));

        AssertProblem(answer, HttpStatusCode.RequestEntityTooLarge, "body-too-large");
        Assert.Contains("65536 bytes", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asks_for_JSON() =>
        AssertProblem(await app.Post(Parcel, "text/plain"), HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");

    [Fact]
    public async Task Answers_404_to_an_unknown_route() => AssertProblem(await app.Get("/nowhere"), HttpStatusCode.NotFound, "not-found");

    [Fact]
    public async Task Lists_the_methods_that_a_route_accepts()
    {
        var answer = await app.Send(new HttpRequestMessage(HttpMethod.Delete, "/parcels"));

        AssertProblem(answer, HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        Assert.Contains("GET, POST", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passes_on_the_code_and_detail_of_a_handler()
    {
        var answer = await app.Post(Parcel.Replace("Ada", "moved", StringComparison.Ordinal));

        AssertProblem(answer, HttpStatusCode.Conflict, "recipient-moved");
        Assert.Equal("The recipient has moved; ask for the new address.", answer.Json.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Answers_422_with_the_code_and_detail_of_a_handler()
    {
        var answer = await app.Send(new HttpRequestMessage(HttpMethod.Put, $"/parcels/{Guid.Empty}/label"));

        AssertProblem(answer, HttpStatusCode.UnprocessableEntity, "label-taken");
        Assert.Equal($"Another parcel has the label of {Guid.Empty}.", answer.Json.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Names_the_resource_that_does_not_exist()
    {
        var answer = await app.Get($"/parcels/{Guid.Empty}");

        AssertProblem(answer, HttpStatusCode.NotFound, "parcel-not-found");
        Assert.Equal($"There is no parcel {Guid.Empty}.", answer.Json.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("bug")]
    [InlineData("duplicate-key")]
    [InlineData("denied")]
    public async Task Does_not_leak_the_internals_of_a_bug(string kind) =>
        AssertProblem(await app.Get($"/failure/{kind}"), HttpStatusCode.InternalServerError, "internal-error");

    [Theory]
    [InlineData("transient")]
    [InlineData("refused")]
    [InlineData("timeout")]
    [InlineData("not-promoted")]
    [InlineData("shutting-down")]
    [InlineData("wrong-password")]
    [InlineData("renamed")]
    [InlineData("full")]
    [InlineData("closed")]
    [InlineData("unprepared")]
    [InlineData("untrusted")]
    public async Task Asks_the_client_to_retry_when_the_database_is_unavailable(string kind)
    {
        var answer = await app.Get($"/failure/{kind}");

        AssertProblem(answer, HttpStatusCode.ServiceUnavailable, "database-unavailable");
        Assert.Equal("5", answer.RetryAfter);
    }

    [Fact]
    public async Task Ignores_the_accept_header()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/failure/bug") { Headers = { { "Accept", "text/html" } } };

        AssertProblem(await app.Send(request), HttpStatusCode.InternalServerError, "internal-error");
    }

    internal static void AssertProblem(Answer answer, HttpStatusCode status, string code)
    {
        Assert.Equal((status, "application/problem+json", code), (answer.Status, answer.MediaType, answer.Code));
        Assert.Equal((int)status, answer.Json.GetProperty("status").GetInt32());
        Assert.Equal($"urn:orderplatform:problem:{code}", answer.Json.GetProperty("type").GetString());
        Assert.NotEmpty(answer.Json.GetProperty("title").GetString()!);
        Assert.NotEmpty(answer.Json.GetProperty("detail").GetString()!);
        Assert.Matches("^[0-9a-f]{32}$", answer.Json.GetProperty("traceId").GetString());
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("OrderPlatform.", answer.Body, StringComparison.Ordinal);
    }
}
