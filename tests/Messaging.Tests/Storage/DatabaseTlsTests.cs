using System.Security.Authentication;
using Npgsql;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Tests.Storage;

/// <summary>With TLS, database connections trust only the configured authority.</summary>
public sealed class DatabaseTlsTests : SampleServiceTest
{
    [Fact]
    public async Task A_server_certified_by_the_configured_authority_is_trusted()
    {
        await using var server = await TlsPostgres.Enable();
        var address = new DatabaseAddress(Database.ConnectionString + ";" + server.Trusted, "ledger");

        foreach (var connection in new[] { address.Pooled, address.Unpooled })
        {
            await using var source = NpgsqlDataSource.Create(connection);
            await using var command = source.CreateCommand("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
            Assert.True((bool?)await command.ExecuteScalarAsync(Cancellation));
        }
    }

    [Fact]
    public async Task A_server_certified_by_another_authority_is_refused()
    {
        await using var server = await TlsPostgres.Enable();
        var address = new DatabaseAddress(Database.ConnectionString + ";" + server.Mistrusted, "ledger");

        foreach (var connection in new[] { address.Pooled, address.Unpooled })
        {
            await using var source = NpgsqlDataSource.Create(connection);
            var refused = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await source.OpenConnectionAsync(Cancellation));
            Assert.IsType<AuthenticationException>(refused.GetBaseException());
        }
    }
}
