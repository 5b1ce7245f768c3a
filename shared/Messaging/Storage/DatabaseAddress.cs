using Npgsql;

namespace OrderPlatform.Messaging;

/// <summary>Where the service's database is.</summary>
internal sealed class DatabaseAddress(string connectionString, string service)
{
    /// <summary>For units of work and queries.</summary>
    public string Pooled { get; } = new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = service,
        // Every statement of a group is the same text each time: the server parses and plans it once a connection.
        MaxAutoPrepare = 200,
        AutoPrepareMinUsages = 2,
    }.ConnectionString;

    /// <summary>For a connection that keeps a lock as long as it lives.</summary>
    public string Unpooled { get; } = new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = $"{service} relay",
        Pooling = false,
        MaxAutoPrepare = 20,
        AutoPrepareMinUsages = 2,
        // A server that vanished without a word is noticed within seconds, so that another relay can take over.
        TcpKeepAliveTime = 5,
        TcpKeepAliveInterval = 1,
        CommandTimeout = 10,
    }.ConnectionString;
}
