namespace OrderPlatform.Messaging.Handlers;

/// <summary>The rows that a unit of work will look up, by entity type and primary key (of one column).</summary>
public sealed class RowsToLock
{
    private readonly Dictionary<Type, HashSet<object>> keys = [];

    internal IReadOnlyDictionary<Type, HashSet<object>> Keys => keys;

    /// <summary>Names one row. It need not exist.</summary>
    public RowsToLock Add<TRow>(object key)
        where TRow : class
    {
        KeysOf(typeof(TRow)).Add(key);
        return this;
    }

    /// <summary>Names several rows of one type.</summary>
    public RowsToLock AddRange<TRow>(IEnumerable<object> keys)
        where TRow : class
    {
        KeysOf(typeof(TRow)).UnionWith(keys);
        return this;
    }

    private HashSet<object> KeysOf(Type row)
    {
        if (!keys.TryGetValue(row, out var set))
            keys[row] = set = [];
        return set;
    }
}
