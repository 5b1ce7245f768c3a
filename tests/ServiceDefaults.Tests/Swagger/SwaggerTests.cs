using System.Text.Json;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Swagger;

public class SwaggerTests(TestApp app) : IClassFixture<TestApp>
{
    [Fact]
    public async Task Has_a_page() => Assert.Contains("swagger-ui", (await app.Get("/swagger")).Body, StringComparison.Ordinal);

    [Theory]
    [InlineData("info.title", "Parcels")]
    [InlineData("info.description", "Takes parcels, for the tests of the service defaults.")]
    [InlineData("paths./parcels.post.operationId", "PostParcel")]
    [InlineData("paths./parcels.post.summary", "Accepts a parcel.")]
    [InlineData("paths./parcels.post.description", "The same key gives the same parcel.")]
    [InlineData("paths./parcels.post.parameters.0.name", "Idempotency-Key")]
    [InlineData("paths./parcels.post.parameters.0.in", "header")]
    [InlineData("paths./parcels.post.parameters.0.description", "Makes a repeated POST harmless.")]
    [InlineData("paths./parcels.post.responses.409.description", "The recipient has moved: `recipient-moved`.")]
    [InlineData("paths./parcels.post.responses.409.content.application/problem+json.schema.$ref", "#/components/schemas/Problem")]
    [InlineData("paths./parcels.post.responses.413.description", "The body is larger than 64 KiB.")]
    [InlineData("paths./parcels/{id}.get.responses.404.content.application/problem+json.schema.$ref", "#/components/schemas/Problem")]
    [InlineData("components.schemas.Problem.properties.code.example", "order-shipped")]
    [InlineData("components.schemas.Problem.properties.errors.type", "object")]
    [InlineData("components.schemas.PostParcelRequest.description", "A parcel to be sent.")]
    [InlineData("components.schemas.PostParcelRequest.properties.recipient.example", "Ada Lovelace")]
    [InlineData("components.schemas.PostParcelRequest.properties.speed.description", "How fast.")]
    [InlineData("components.schemas.PostParcelRequest.properties.items.maxItems", "3")]
    [InlineData("components.schemas.PostParcelItem.properties.quantity.description", "Units, 1 to 1,000.")]
    [InlineData("components.schemas.PostParcelItem.properties.quantity.maximum", "1000")]
    [InlineData("components.schemas.PostParcelSpeed.enum", """["standard","nextDay"]""")]
    [InlineData("components.schemas.OrderLine.properties.quantity.description", "Whole units, 1 to 1,000,000.")]
    public async Task Describes(string path, string expected)
    {
        var found = path.Split('.').Aggregate(
            (await app.Get("/swagger/v1/swagger.json")).Json,
            (json, name) => json.ValueKind == JsonValueKind.Array ? json[int.Parse(name)] : json.GetProperty(name));

        Assert.Equal(expected, found.ValueKind == JsonValueKind.Array ? JsonSerializer.Serialize(found) : found.ToString());
    }

    [Fact]
    public async Task Has_one_schema_for_all_problems()
    {
        var schemas = (await app.Get("/swagger/v1/swagger.json")).Json.GetProperty("components").GetProperty("schemas").EnumerateObject();

        Assert.Equal(["Problem"], schemas.Select(schema => schema.Name).Where(name => name.Contains("Problem", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Shows_only_the_services_own_routes()
    {
        var paths = (await app.Get("/swagger/v1/swagger.json")).Json.GetProperty("paths").EnumerateObject().Select(path => path.Name);

        Assert.Equal(["/failure/{kind}", "/parcels", "/parcels/{id}", "/parcels/{id}/label", "/weights/{grams}"], paths.Order());
    }
}
