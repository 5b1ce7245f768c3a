using System.Collections.Concurrent;
using Npgsql;

namespace OrderPlatform.Testing;

/// <summary>A fresh, empty database, which is dropped with the test, whoever is still connected.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<TestDatabase, bool> All = [];

    private readonly string server;
    private readonly string name;

    private TestDatabase(string server, string name, string? rolePassword = null)
    {
        (this.server, this.name) = (server, name);
        var address = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 };
        Source = NpgsqlDataSource.Create(address);
        if (rolePassword is not null)
            (address.Username, address.Password) = (name, rolePassword);
        ConnectionString = address.ConnectionString;
        All[this] = true;
    }

    /// <summary>For the service under test.</summary>
    public string ConnectionString { get; }

    /// <summary>For the test's own look behind the scenes, as the server's administrator.</summary>
    public NpgsqlDataSource Source { get; }

    public static async Task<TestDatabase> Create()
    {
        var server = await TestServers.Postgres();
        var name = $"test_{Guid.NewGuid():N}";

        // Nobody can be connected to template0, so databases can be made side by side.
        await Execute(server, $"CREATE DATABASE {name} TEMPLATE template0");
        return new TestDatabase(server, name);
    }

    /// <summary>A database with a role of its own, which owns it and is named like it.</summary>
    /// <param name="script">
    /// A script for psql that makes both, told the name as <c>service</c> and the password in the environment as <c>PASSWORD</c>. Of psql's
    /// own language it may use these two, and <c>\gexec</c>; a semicolon ends a statement wherever it stands.
    /// </param>
    public static async Task<TestDatabase> Create(string script)
    {
        var server = await TestServers.Postgres();
        var (name, password) = ($"test_{Guid.NewGuid():N}", Guid.NewGuid().ToString("N"));
        var lines = script.Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal))
            .Where(line => !line.StartsWith("\\getenv", StringComparison.Ordinal));
        var sql = string.Join('\n', lines)
            .Replace(":'service'", $"'{name}'", StringComparison.Ordinal)
            .Replace(":\"service\"", $"\"{name}\"", StringComparison.Ordinal)
            .Replace(":'password'", $"'{password}'", StringComparison.Ordinal)
            .Replace("\\gexec", "\\gexec;", StringComparison.Ordinal);
        foreach (var statement in sql.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!statement.EndsWith("\\gexec", StringComparison.Ordinal))
                await Execute(server, statement);
            else if (await Ask(server, statement[..^"\\gexec".Length]) is { } made)
                await Execute(server, made);
        }

        return new TestDatabase(server, name, password);
    }

    /// <summary>After a restart of the server, the connections that the tests' own pools keep are dead.</summary>
    internal static void ForgetConnections()
    {
        foreach (var database in All.Keys)
            database.Source.Clear();
    }

    /// <summary>The first column of the first row.</summary>
    public async Task<T> Scalar<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs a statement, however long it takes.</summary>
    public async Task Execute(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs a statement in a transaction that stays open, such as one that locks rows.</summary>
    public async Task<TestTransaction> Begin(string sql)
    {
        var transaction = new TestTransaction(await Source.OpenConnectionAsync());
        await transaction.Execute($"BEGIN; {sql}");
        return transaction;
    }

    /// <summary>Ends all connections but the asking one, as a server does that goes down.</summary>
    public Task EndConnections() => Scalar<long>(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    /// <summary>Ends all connections and refuses new ones, until what is returned is disposed.</summary>
    public async Task<IAsyncDisposable> Unreachable()
    {
        await Execute(server, $"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await Execute(server, $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        return new Outage(() => Execute(server, $"ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    }

    public async ValueTask DisposeAsync()
    {
        All.TryRemove(this, out _);
        await Source.DisposeAsync();
        await Execute(server, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        await Execute(server, $"DROP ROLE IF EXISTS {name}");
    }

    /// <summary>What a pool keeps is broken when the server was restarted.</summary>
    private static string WithoutPool(string server) => new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString;

    private static async Task Execute(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(WithoutPool(server));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string?> Ask(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(WithoutPool(server));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync();
    }

    private sealed class Outage(Func<Task> end) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await end();
    }
}
