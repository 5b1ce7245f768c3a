using Microsoft.AspNetCore.Http;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.Tests.Http;

public sealed class OperatorTests
{
    [Theory]
    [InlineData("anna")]
    [InlineData("Anna Müller (night shift)")]
    public async Task A_name_in_the_header_is_the_operators(string name)
    {
        var http = Asked(name);

        Assert.Equal(name, (await Operator.BindAsync(http)).Name);
        Assert.True(await Passes(http));
    }

    [Fact]
    public async Task Without_a_name_the_operator_is_anonymous()
    {
        var http = new DefaultHttpContext();

        Assert.Equal("anonymous", (await Operator.BindAsync(http)).Name);
        Assert.True(await Passes(http));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("tab\tbed")]
    [InlineData("\uFFFD")]
    [InlineData("a very long name, longer than anybody's name can be, so that it cannot be a name, and is refused, as it should be")]
    public async Task A_header_without_a_proper_name_is_refused(string name) => Assert.False(await Passes(Asked(name)));

    [Theory]
    [InlineData(null, false, true)]
    [InlineData(null, true, false)]
    [InlineData(" ", false, false)]
    [InlineData("a\0b", false, false)]
    [InlineData("refunded", true, true)]
    public void A_reason_may_be_absent_where_it_is_optional_but_never_blank_or_unprintable(string? reason, bool required, bool accepted) =>
        Assert.Equal(accepted, Reasons.Fault(reason, required) is null);

    [Fact]
    public void A_reason_has_at_most_500_characters()
    {
        Assert.Null(Reasons.Fault(new string('x', 500), required: true));
        Assert.NotNull(Reasons.Fault(new string('x', 501), required: true));
    }

    private static DefaultHttpContext Asked(string name)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers["X-Operator"] = name;
        return http;
    }

    private static async Task<bool> Passes(HttpContext http)
    {
        var passed = false;
        await Operator.Check(EndpointFilterInvocationContext.Create(http), _ =>
        {
            passed = true;
            return ValueTask.FromResult<object?>(null);
        });
        return passed;
    }
}
