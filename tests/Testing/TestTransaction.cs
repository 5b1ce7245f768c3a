using Npgsql;

namespace OrderPlatform.Testing;

/// <summary>A transaction for a test to use; it is rolled back unless it is committed.</summary>
public sealed class TestTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection connection;

    internal TestTransaction(NpgsqlConnection connection) => this.connection = connection;

    public async Task Execute(string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public Task Commit() => Execute("COMMIT");

    public Task Rollback() => Execute("ROLLBACK");

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
