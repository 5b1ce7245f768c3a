using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Keeps everybody off tables that are not there yet: until the migrations are applied, the database is unavailable.</summary>
internal sealed class MigrationGate(DatabaseStartup startup) : DbConnectionInterceptor
{
    public override ValueTask<InterceptionResult> ConnectionOpeningAsync(
        DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default) =>
        startup.Admits ? new(result) : throw new NotMigratedException();
}

/// <summary>The migrations are not applied yet.</summary>
internal sealed class NotMigratedException() : DbException("The database is not ready yet: its migrations have still to be applied.")
{
    public override bool IsTransient => true;
}
