using OrderPlatform.Testing;

namespace OrderPlatform.Architecture.Tests;

public sealed class TestOrderTests
{
    private static readonly string[] Names = ["Bears", "Cats", "Dogs", "Eels", "Foxes"];

    [Theory]
    [InlineData(1, "Cats Eels Dogs Foxes Bears")]
    [InlineData(2, "Foxes Cats Eels Dogs Bears")]
    public void A_seed_determines_the_order_on_every_machine_and_in_every_folder(int seed, string order)
    {
        var shuffled = new ShuffledOrder(seed);

        Assert.Equal(order.Split(' '), shuffled.Shuffle(Names, name => name));
        Assert.Equal(order.Split(' '), shuffled.Shuffle([.. Names.Reverse()], name => name));
    }

    [Fact]
    public void Seeds_reach_every_order_of_three_names()
    {
        string[] names = ["a", "b", "c"];

        var orders = Enumerable.Range(1, 200).Select(seed => string.Concat(new ShuffledOrder(seed).Shuffle(names, name => name)));

        Assert.Equal(6, orders.Distinct().Count());
    }

    [Fact]
    public void The_id_in_a_collections_name_is_ignored_because_it_is_derived_from_the_path() => Assert.Equal(
        ShuffledOrder.NameOf("Test collection for A (id: 0123456789abcdef)"),
        ShuffledOrder.NameOf("Test collection for A (id: fedcba9876543210)"));
}
