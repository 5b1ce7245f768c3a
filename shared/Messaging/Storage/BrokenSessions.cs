using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Empties the pool when a query shows that its session is of no more use; the next one opens a new session.</summary>
internal sealed class BrokenSessions(NpgsqlDataSource source) : DbCommandInterceptor
{
    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Check(eventData.Exception);

    public override Task CommandFailedAsync(
        DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Check(eventData.Exception);
        return Task.CompletedTask;
    }

    private void Check(Exception exception)
    {
        if (DatabaseErrors.IsSessionBroken(exception))
            source.Clear();
    }
}
