using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Pacing;

namespace OrderPlatform.Messaging.Storage;

/// <summary>
/// Waits for the database and applies the migrations, one instance at a time. Until then, requests are told that the database
/// is unavailable, and messages wait.
/// </summary>
internal sealed partial class DatabaseStartup(
    IServiceScopeFactory scopes, NpgsqlDataSource source, DatabaseAddress address, ILogger<DatabaseStartup> logger)
    : BackgroundService, IHealthCheck
{
    private static readonly AsyncLocal<bool> Migrating = new();

    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string waitsFor = "the database";

    /// <summary>Completes when the migrations are applied.</summary>
    public Task Ready => ready.Task;

    /// <summary>Whether the caller may use the database: any caller once it is migrated, until then only the migration itself.</summary>
    public bool Admits => ready.Task.IsCompleted || Migrating.Value;

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!ready.Task.IsCompletedSuccessfully)
            return HealthCheckResult.Unhealthy($"waiting for {waitsFor}");
        try
        {
            return await IsWritable(cancellationToken)
                ? HealthCheckResult.Healthy("reachable, migrations applied")
                : HealthCheckResult.Unhealthy("waiting for the database: it is read-only");
        }
        catch (NpgsqlException exception)
        {
            return HealthCheckResult.Unhealthy($"waiting for the database: {exception.GetBaseException().Message}");
        }
    }

    /// <summary>Whether a pooled session can write. If not, empties the pool: its sessions may be older than a failover.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async Task<bool> IsWritable(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("SELECT NOT current_setting('transaction_read_only')::bool");
        var writable = (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
        if (!writable)
            source.Clear();
        return writable;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Backoff.Retry(
            () => Migrate(stoppingToken),
            exception => DatabaseErrors.IsOutage(exception) || exception is PostgresException,
            exception =>
            {
                waitsFor = $"the database: {exception.GetBaseException().Message}";
                Waiting(logger, exception.GetBaseException().Message);
            },
            stoppingToken);
        ready.SetResult();
    }

    private async Task Migrate(CancellationToken stoppingToken)
    {
        Migrating.Value = true;
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<DbContext>().Database;
        // Most starts find nothing to do, and need neither the lock nor its connection.
        if (!(await database.GetPendingMigrationsAsync(stoppingToken)).Any())
            return;

        await using var connection = address.CreateUnpooled();
        await connection.OpenAsync(stoppingToken);
        waitsFor = "another instance to apply the migrations";
        // Not Entity Framework's own lock, which is a table: at the very first start it does not exist yet.
        await AdvisoryLock.Take(connection, "migrations", stoppingToken);
        waitsFor = "its migrations";
        var pending = (await database.GetPendingMigrationsAsync(stoppingToken)).ToArray();
        if (pending.Length == 0)
            return;
        await database.MigrateAsync(stoppingToken);
        Migrated(logger, pending.Length, pending[^1]);
    }

    [LoggerMessage(LogLevel.Warning, "Database unavailable ({Reason}); retrying")]
    private static partial void Waiting(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "Applied {Count} migrations, up to {Last}")]
    private static partial void Migrated(ILogger logger, int count, string last);
}
