using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Empties the pool when a command fails because its session is no longer usable; the next command opens a new one.</summary>
internal sealed class BrokenSessions(NpgsqlDataSource source) : DbCommandInterceptor
{
    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData) => source.DropIfBroken(eventData.Exception);

    public override Task CommandFailedAsync(
        DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        source.DropIfBroken(eventData.Exception);
        return Task.CompletedTask;
    }
}
