using OrderPlatform.Messaging.Operations.DeadLetters;
using OrderPlatform.Messaging.Transport;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class HeaderJsonTests
{
    [Fact]
    public void Headers_come_back_as_they_were()
    {
        var headers = new Dictionary<string, object?>
        {
            ["text"] = "a \" b",
            ["number"] = 5,
            ["large"] = 5_000_000_000,
            ["fraction"] = 0.5,
            ["yes"] = true,
            ["nothing"] = null,
            ["bytes"] = new byte[] { 0xC3, 0x28 },
            ["time"] = new UnixTime(1_700_000_000),
            ["list"] = new List<object?> { 1, "two", null },
            ["table"] = new Dictionary<string, object?> { ["reason"] = "expired" },
        };

        Assert.Equivalent(headers, HeaderJson.Read(HeaderJson.Write(headers)), strict: true);
    }

    [Fact]
    public void Bytes_and_times_are_written_readably() => Assert.Equal(
        """{"stream":"a","sequence":1,"bytes":{"$base64":"wyg="},"time":{"$unixTime":1700000000}}""",
        HeaderJson.Write(new Dictionary<string, object?>
        {
            ["stream"] = "a",
            ["sequence"] = 1,
            ["bytes"] = new byte[] { 0xC3, 0x28 },
            ["time"] = new UnixTime(1_700_000_000),
        }));

    [Fact]
    public void Nested_tables_are_cut_off_at_a_maximum_depth()
    {
        var table = new Dictionary<string, object?> { ["deepest"] = true };
        for (var depth = 0; depth < 100; depth++)
            table = new Dictionary<string, object?> { ["in"] = table };

        Assert.EndsWith("null" + new string('}', 20), HeaderJson.Write(table), StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_that_JSON_does_not_have_is_null() => Assert.Equal(
        """{"not":null}""", HeaderJson.Write(new Dictionary<string, object?> { ["not"] = double.NaN }));
}
