using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Messaging.Tests.Handlers;

public sealed class RowsToLockTests
{
    [Fact]
    public void Each_row_is_named_once_by_its_type_and_key()
    {
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());

        var rows = new RowsToLock().Add<Tally>(first).Add<Account>(first).AddRange<Tally>([second, first]);

        Assert.Equal(2, rows.Keys.Count);
        Assert.Equal(new HashSet<object> { first, second }, rows.Keys[typeof(Tally)]);
        Assert.Equal(new HashSet<object> { first }, rows.Keys[typeof(Account)]);
    }

    [Fact]
    public void No_row_is_named_at_first() => Assert.Empty(new RowsToLock().Keys);
}
