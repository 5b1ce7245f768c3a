namespace OrderPlatform.LoadGenerator.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Has_a_default_for_everything()
    {
        var options = Parse();

        Assert.Equal((20, 0.1, 0.05), (options.OrdersPerSecond, options.ScarceShare, options.CancelledShare));
        Assert.Equal(TimeSpan.FromSeconds(10), options.StatusInterval);
    }

    [Fact]
    public void Arguments_win_over_the_environment_and_the_environment_over_defaults()
    {
        var options = Parse(
            ["--orders-per-second", "2.5", "--orders-url", "http://orders:8080/"],
            ("LOAD_ORDERS_PER_SECOND", "7"),
            ("LOAD_SCARCE_SHARE", "0.5"),
            ("LOAD_CANCELLED_SHARE", ""),
            ("LOAD_INVENTORY_URL", "http://inventory:8080"));

        Assert.Equal((2.5, 0.5, 0.05), (options.OrdersPerSecond, options.ScarceShare, options.CancelledShare));
        Assert.Equal(("http://orders:8080/", "http://inventory:8080/"), (options.OrdersUrl.ToString(), options.InventoryUrl.ToString()));
    }

    [Theory]
    [InlineData("--orders-per-second", "0")]
    [InlineData("--orders-per-second", "-5")]
    [InlineData("--orders-per-second", "many")]
    [InlineData("--orders-per-second", "100001")]
    [InlineData("--scarce-share", "1.1")]
    [InlineData("--cancelled-share", "NaN")]
    [InlineData("--orders-url", "localhost:5101")]
    [InlineData("--inventory-url", "")]
    [InlineData("--orders", "5")]
    public void Refuses_unknown_options_and_invalid_values(string name, string value)
    {
        Assert.Contains(name, Assert.Throws<ArgumentException>(() => Parse([name, value])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_an_argument_without_its_value() =>
        Assert.Throws<ArgumentException>(() => Parse(["--orders-per-second"]));

    [Fact]
    public void Names_the_variable_that_is_wrong() => Assert.Contains(
        "LOAD_STATUS_SECONDS",
        Assert.Throws<ArgumentException>(() => Parse([], ("LOAD_STATUS_SECONDS", "soon"))).Message,
        StringComparison.Ordinal);

    private static Options Parse(string[]? arguments = null, params (string Name, string Value)[] environment) =>
        Options.Parse(arguments ?? [], name => Array.Find(environment, variable => variable.Name == name).Value);
}
