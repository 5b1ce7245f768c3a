using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Blocks access to tables that do not exist yet: until the migrations are applied, the database is unavailable.</summary>
internal sealed class MigrationGate(DatabaseStartup startup) : DbConnectionInterceptor
{
    public override ValueTask<InterceptionResult> ConnectionOpeningAsync(
        DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default) =>
        startup.Admits ? new(result) : throw new NotMigratedException();
}

/// <summary>The migrations are not applied yet.</summary>
internal sealed class NotMigratedException() : DbException("The database is not ready yet: its migrations are still to be applied.")
{
    public override bool IsTransient => true;
}
