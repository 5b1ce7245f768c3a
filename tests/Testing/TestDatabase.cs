using System.Collections.Concurrent;
using Npgsql;

namespace OrderPlatform.Testing;

/// <summary>A fresh, empty database; disposing it drops it, even if connections are still open.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<TestDatabase, bool> All = [];

    // A new connection costs the server more than most statements here.
    private static readonly ConcurrentDictionary<string, NpgsqlDataSource> Administrators = [];

    private readonly string server;
    private readonly string name;
    private readonly bool hasRole;

    private TestDatabase(string server, string name, string? rolePassword = null)
    {
        (this.server, this.name) = (server, name);
        // Each connection costs the server 40 ms of processor time, and a service under test opens as many as it may.
        var address = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 4 };
        Source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(address.ConnectionString).Patient());
        hasRole = rolePassword is not null;
        if (hasRole)
            (address.Username, address.Password) = (name, rolePassword);
        ConnectionString = address.ConnectionString;
        All[this] = true;
    }

    /// <summary>For the service under test.</summary>
    public string ConnectionString { get; }

    /// <summary>For the test's own queries, as the server's administrator.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Whether it began as a copy of another.</summary>
    public bool IsCopy { get; private init; }

    public static async Task<TestDatabase> Create()
    {
        var server = await TestServers.Postgres();
        var name = $"test_{Guid.NewGuid():N}";

        // No session can connect to template0, so databases can be created concurrently.
        await Execute(server, $"CREATE DATABASE {name} TEMPLATE template0");
        return new TestDatabase(server, name);
    }

    /// <summary>Creates a copy, which takes less time than creating the tables again.</summary>
    /// <param name="template">Its own pool is closed; nothing else may be connected to it.</param>
    public static async Task<TestDatabase> CopyOf(TestDatabase template)
    {
        await template.Source.DisposeAsync();
        var name = $"test_{Guid.NewGuid():N}";
        await Execute(template.server, $"CREATE DATABASE {name} TEMPLATE {template.name} STRATEGY FILE_COPY");
        return new TestDatabase(template.server, name) { IsCopy = true };
    }

    /// <summary>A database and the role that owns it, which has the same name.</summary>
    /// <param name="script">
    /// A psql script that creates both. It reads the name from the variable <c>service</c> and the password from the environment variable
    /// <c>PASSWORD</c>. Of psql's own commands only these two and <c>\gexec</c> are supported; every semicolon ends a statement.
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

    /// <summary>Empties the tests' own connection pools: after a restart of the server, their connections are dead.</summary>
    internal static void ForgetConnections()
    {
        foreach (var administrator in Administrators.Values)
            administrator.Clear();
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

    /// <summary>Ends all other connections, as a server that shuts down does; the tests' own pool forgets them.</summary>
    /// <param name="where">A condition on the rows of <c>pg_stat_activity</c>.</param>
    public async Task EndConnections(string where = "true")
    {
        await Execute(
            $"""
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND {where}
             """);
        Source.Clear();
    }

    /// <summary>Ends all connections and refuses new ones until the result is disposed; the tests' own pool forgets them.</summary>
    public async Task<IAsyncDisposable> Unreachable()
    {
        await Execute(server, $"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await Execute(server, $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        Source.Clear();
        return new Outage(() => Execute(server, $"ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    }

    /// <summary>Ends all connections and gives the database another name until the result is disposed.</summary>
    public async Task<IAsyncDisposable> Renamed()
    {
        var other = $"{name}_renamed";
        await Unreachable();
        await Execute(server, $"ALTER DATABASE {name} RENAME TO {other}");
        await Execute(server, $"ALTER DATABASE {other} ALLOW_CONNECTIONS true");
        return new Outage(() => Execute(server, $"ALTER DATABASE {other} RENAME TO {name}"));
    }

    public async ValueTask DisposeAsync()
    {
        All.TryRemove(this, out _);
        await Source.DisposeAsync();
        await Execute(server, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        if (hasRole)
            await Execute(server, $"DROP ROLE IF EXISTS {name}");
    }

    private static NpgsqlDataSource Administrator(string server) =>
        Administrators.GetOrAdd(server, address => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(address).Patient()));

    private static async Task Execute(string server, string sql)
    {
        await using var command = Administrator(server).CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string?> Ask(string server, string sql)
    {
        await using var command = Administrator(server).CreateCommand(sql);
        command.CommandTimeout = 0;
        return (string?)await command.ExecuteScalarAsync();
    }

    private sealed class Outage(Func<Task> end) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await end();
    }
}
