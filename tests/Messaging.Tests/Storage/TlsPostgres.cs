using Npgsql;
using OrderPlatform.Credentials;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Storage;

/// <summary>
/// Gives the PostgreSQL of the tests a certificate from a new authority until it is disposed of. Connections that do not verify
/// certificates are not affected.
/// </summary>
internal sealed class TlsPostgres : IAsyncDisposable
{
    private readonly NpgsqlDataSource server;
    private readonly string directory = Directory.CreateTempSubdirectory("tls-postgres-").FullName;

    private TlsPostgres(NpgsqlDataSource server) => this.server = server;

    /// <summary>A part of a connection string that trusts the server's authority.</summary>
    public string Trusted => Verifying("ca.crt");

    /// <summary>The same, for another authority.</summary>
    public string Mistrusted => Verifying("wrong.crt");

    public static async Task<TlsPostgres> Enable()
    {
        var connection = await TestServers.Postgres();
        using var authority = Authority.Create(DateTimeOffset.UtcNow);
        using var wrong = Authority.Create(DateTimeOffset.UtcNow);
        var (certificate, key) = authority.Issue(
            [new NpgsqlConnectionStringBuilder(connection).Host!, "localhost"], DateTimeOffset.UtcNow);
        var tls = new TlsPostgres(NpgsqlDataSource.Create(connection));
        await File.WriteAllTextAsync(Path.Combine(tls.directory, "ca.crt"), authority.Certificate);
        await File.WriteAllTextAsync(Path.Combine(tls.directory, "wrong.crt"), wrong.Certificate);
        await tls.Write("test.crt", certificate);
        await tls.Write("test.key", key);
        await tls.Execute("ALTER SYSTEM SET ssl_cert_file = 'test.crt'");
        await tls.Execute("ALTER SYSTEM SET ssl_key_file = 'test.key'");
        await tls.Execute("ALTER SYSTEM SET ssl = on");
        await tls.Reload("on");
        return tls;
    }

    public async ValueTask DisposeAsync()
    {
        await Execute("ALTER SYSTEM RESET ssl");
        await Reload("off");
        await server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private string Verifying(string authority) => $"SSL Mode=VerifyFull;Root Certificate={Path.Combine(directory, authority)}";

    /// <summary>Writes to the server's data directory. Only the server may read the file; otherwise it refuses the key.</summary>
    private Task Write(string file, string content) =>
        Execute($"COPY (SELECT unnest(string_to_array('{content}', E'\\n'))) TO PROGRAM 'umask 077 && cat > {file}'");

    /// <summary>The server reads its settings some time after the request.</summary>
    private async Task Reload(string ssl)
    {
        await Execute("SELECT pg_reload_conf()");
        await Eventually.Is(async () =>
        {
            await using var command = server.CreateCommand("SHOW ssl");
            return (string?)await command.ExecuteScalarAsync() == ssl;
        });
    }

    private async Task Execute(string sql)
    {
        await using var command = server.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
