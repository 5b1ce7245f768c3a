using System.Net;
using OrderPlatform.ServiceDefaults.Tests.Errors;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Binding;

/// <summary>Parameters in paths and queries.</summary>
public sealed class ParameterTests(TestApp app) : IClassFixture<TestApp>
{
    [Theory]
    [InlineData("/weights/many?unit=g", $"grams: Must be {ProblemTests.Integer}.")]
    [InlineData("/weights/5", "unit: Required; must be a string.")]
    [InlineData("/parcels?limit=x", $"limit: Must be {ProblemTests.Integer}.")]
    [InlineData("/parcels?speed=soon", "speed: Must be one of: standard, nextDay.")]
    [InlineData("/parcels?speed=1", "speed: Must be one of: standard, nextDay.")]
    public async Task Names_the_parameter_that_cannot_be_read(string path, string errors)
    {
        var answer = await app.Get(path);

        ProblemTests.AssertProblem(answer, HttpStatusCode.BadRequest, "invalid-request");
        Assert.Equal(errors, answer.Errors);
    }

    [Fact]
    public async Task Reads_enum_parameters_as_JSON_writes_them() =>
        Assert.Equal("NextDay 7", (await app.Get("/parcels?limit=7&speed=nextDay")).Json.GetString());
}
