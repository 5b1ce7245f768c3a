using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Where the service's database is.</summary>
internal sealed class DatabaseAddress : IDisposable
{
    // The server, too, must notice within seconds that a client's machine has vanished: until then it keeps the client's locks.
    private const string ServerKeepAlive = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=5";

    // A row that stays locked is a conflict for its own messages, not an outage for all.
    private const string ShortLocks = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s";

    // Rows are found by their keys. While a table is new or small, the server estimates that reading all of it is as cheap, and keeps that
    // plan until the next ANALYZE. Options in the connection string come later and take precedence.
    private const string ByIndex = "-c enable_seqscan=off -c jit=off";

    private readonly string service;
    private readonly Lazy<NpgsqlDataSource> unpooled;

    public DatabaseAddress(string connectionString, string service)
    {
        this.service = service;
        Pooled = PooledOf(connectionString, service);
        Unpooled = UnpooledOf(connectionString, service);
        unpooled = new(() => new NpgsqlDataSourceBuilder(Unpooled) { Name = $"{service} relay" }.Build());
    }

    /// <summary>For units of work and queries.</summary>
    public string Pooled { get; }

    /// <summary>For a connection that keeps a lock for its lifetime: a pooled one would keep it after it is closed.</summary>
    public string Unpooled { get; }

    /// <summary>The pool. Its metrics are labelled with the service's name; by default they would show the connection string.</summary>
    public NpgsqlDataSource CreatePool() => new NpgsqlDataSourceBuilder(Pooled) { Name = service }.Build();

    /// <summary>A connection outside the pool, not open yet.</summary>
    public NpgsqlConnection CreateUnpooled() => unpooled.Value.CreateConnection();

    public void Dispose()
    {
        if (unpooled.IsValueCreated)
            unpooled.Value.Dispose();
    }

    private static string PooledOf(string connectionString, string service) => With(connectionString, settings =>
    {
        settings.ApplicationName = service;
        settings.Options = $"{ByIndex} {settings.Options} {ServerKeepAlive} {ShortLocks}";
        // Every statement of a batch has the same text each time: the server parses and plans it once per connection.
        settings.MaxAutoPrepare = 200;
        settings.AutoPrepareMinUsages = 2;
    });

    private static string UnpooledOf(string connectionString, string service) => With(connectionString, settings =>
    {
        settings.ApplicationName = $"{service} relay";
        settings.Options = $"{ByIndex} {settings.Options} {ServerKeepAlive}";
        settings.Pooling = false;
        settings.MaxAutoPrepare = 20;
        settings.AutoPrepareMinUsages = 2;
        settings.TcpKeepAliveTime = 5;
        settings.TcpKeepAliveInterval = 1;
        settings.CommandTimeout = 10;
    });

    private static string With(string connectionString, Action<NpgsqlConnectionStringBuilder> change)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        change(settings);
        return settings.ConnectionString;
    }
}
