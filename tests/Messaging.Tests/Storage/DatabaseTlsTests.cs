using System.Security.Authentication;
using Npgsql;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Tests.Storage;

/// <summary>With TLS, database connections trust their own authority and no other.</summary>
public sealed class DatabaseTlsTests : SampleServiceTest
{
    [Fact]
    public async Task The_database_is_believed_when_its_authority_is_the_one_that_is_named()
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
    public async Task The_database_is_refused_when_its_authority_is_another()
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
