using Npgsql;

namespace OrderPlatform.Messaging;

/// <summary>Where the service's database is.</summary>
internal sealed class DatabaseAddress(string connectionString, string service)
{
    // The server, too, must notice within seconds that a client's machine has vanished: until then it keeps the client's locks.
    private const string ServerKeepAlive = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=5";

    // A row that somebody forgot to unlock is a conflict for its own messages, not an outage for all.
    private const string ShortLocks = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s";

    /// <summary>For units of work and queries.</summary>
    public string Pooled { get; } = With(connectionString, settings =>
    {
        settings.ApplicationName = service;
        settings.Options = $"{settings.Options} {ServerKeepAlive} {ShortLocks}".Trim();
        // Every statement of a group is the same text each time: the server parses and plans it once a connection.
        settings.MaxAutoPrepare = 200;
        settings.AutoPrepareMinUsages = 2;
    });

    /// <summary>For a connection that keeps a lock for as long as it lives: in the pool, a closed one would keep it too.</summary>
    public string Unpooled { get; } = With(connectionString, settings =>
    {
        settings.ApplicationName = $"{service} relay";
        settings.Options = $"{settings.Options} {ServerKeepAlive}".Trim();
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
