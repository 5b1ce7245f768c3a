using Npgsql;
using OrderPlatform.Messaging.Operations.DeadLetters;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterFilterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly NpgsqlParameterCollection parameters = new NpgsqlCommand().Parameters;

    [Fact]
    public void Without_conditions_it_matches_every_dead_letter() => Assert.Equal("true", new DeadLetterFilter().Where(parameters));

    [Fact]
    public void All_conditions_must_hold_and_values_are_parameters()
    {
        var filter = new DeadLetterFilter(
            State: DeadLetterState.Waiting, Stream: "'; DROP TABLE", Queue: "ledger", Since: Noon, Until: Noon);

        var where = filter.Where(parameters);

        Assert.Equal("state = $1 AND stream = $2 AND queue = $3 AND last_failed_at >= $4 AND last_failed_at < $5", where);
        Assert.Equal(["waiting", "'; DROP TABLE", "ledger", Noon, Noon], parameters.Select(parameter => parameter.Value));
    }

    [Theory]
    [InlineData("Opened", "type_name = $1")]
    [InlineData("Ledger:Opened", "type_name = $1 AND type || '' = $2")]
    [InlineData("", "type_name IS NULL")]
    public void A_type_is_a_name_or_a_wire_address_or_none(string type, string expected)
    {
        Assert.Equal(expected, new DeadLetterFilter(Type: type).Where(parameters));
        if (type.Length > 0)
            Assert.Equal("Opened", parameters[0].Value);
    }

    [Fact]
    public void An_empty_exception_or_handler_matches_dead_letters_without_one() => Assert.Equal(
        "exception_type IS NULL AND handler IS NULL", new DeadLetterFilter(Exception: "", Handler: "").Where(parameters));

    [Fact]
    public void A_redrive_matches_only_waiting_dead_letters() => Assert.Equal(
        "state = $1", new DeadLetterFilter().Where(parameters, waiting: true));

    [Fact]
    public void A_text_is_searched_for_literally()
    {
        new DeadLetterFilter(Text: @"100%_\").Where(parameters);

        Assert.Equal(@"%100\%\_\\%", parameters[0].Value);
        Assert.Equal(@"100%_\"u8.ToArray(), parameters[1].Value);
    }

    [Theory]
    [InlineData("stream", "")]
    [InlineData("queue", "")]
    [InlineData("text", "")]
    [InlineData("type", "a\0b")]
    [InlineData("exception", "a\0b")]
    [InlineData("handler", null)]
    public void Values_that_no_row_can_have_are_faults(string field, string? value)
    {
        value ??= new string('x', 201);
        var filter = new DeadLetterFilter(
            Type: field == "type" ? value : null,
            Exception: field == "exception" ? value : null,
            Handler: field == "handler" ? value : null,
            Stream: field == "stream" ? value : null,
            Queue: field == "queue" ? value : null,
            Text: field == "text" ? value : null);

        Assert.Equal(field, filter.Fault?.Field);
    }

    [Fact]
    public void A_time_that_ends_before_it_begins_is_a_fault()
    {
        Assert.Equal("until", new DeadLetterFilter(Since: Noon, Until: Noon).Fault?.Field);
        Assert.Null(new DeadLetterFilter(Since: Noon, Until: Noon.AddTicks(1), Type: "", Exception: "", Handler: "").Fault);
    }
}
