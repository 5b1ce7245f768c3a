using Npgsql;

namespace OrderPlatform.Testing;

/// <summary>A fresh, empty database, which is dropped with the test, whoever is still connected.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string server;
    private readonly string name;

    private TestDatabase(string server, string name)
    {
        (this.server, this.name) = (server, name);
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 }.ConnectionString;
        Source = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>For the service under test.</summary>
    public string ConnectionString { get; }

    /// <summary>For the test's own look behind the scenes.</summary>
    public NpgsqlDataSource Source { get; }

    public static async Task<TestDatabase> Create()
    {
        var server = await TestServers.Postgres();
        var name = $"test_{Guid.NewGuid():N}";

        // Nobody can be connected to template0, so databases can be made side by side.
        await Execute(server, $"CREATE DATABASE {name} TEMPLATE template0");
        return new TestDatabase(server, name);
    }

    /// <summary>The first column of the first row.</summary>
    public async Task<T> Scalar<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Execute(server, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    }

    private static async Task Execute(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
