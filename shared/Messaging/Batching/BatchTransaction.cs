using System.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Batching;

/// <summary>Runs units of work in one transaction on one DbContext: all commit, or none.</summary>
internal sealed class BatchTransaction(IServiceScopeFactory scopes, NpgsqlDataSource source, IEnumerable<ICommitObserver> observers)
{
    /// <summary>Two round trips: the work reads, and then everything is written and committed at once.</summary>
    /// <param name="work">Returns additional writes, besides the unit's own rows and events; null for none.</param>
    /// <param name="cancellationToken">Ends the transaction without a commit.</param>
    /// <exception cref="CommitOutcomeUnknownException">The connection was lost during the commit.</exception>
    /// <exception cref="ConnectionLostException">The connection was refused, or lost before the commit.</exception>
    public async Task Run(Func<TransactionScope, Task<Action<NpgsqlBatch>?>> work, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<DbContext>();
        var unit = scope.ServiceProvider.GetRequiredService<UnitOfWork>();
        await using var transaction = await Begin(database, cancellationToken);
        await using var last = database.CreateBatch();
        var committing = false;
        try
        {
            var write = await work(new TransactionScope(scope.ServiceProvider, database, unit));
            await unit.Save(last, cancellationToken);
            write?.Invoke(last);
            // Committing here saves a round trip; EF's transaction object has nothing left to do.
            last.Add("COMMIT");
            committing = true;
            await last.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception exception) when (database.Database.GetDbConnection().State != ConnectionState.Open)
        {
            throw committing ? new CommitOutcomeUnknownException(exception) : new ConnectionLostException(exception);
        }
        catch (Exception exception)
        {
            source.DropIfBroken(exception);
            throw;
        }

        foreach (var observer in observers)
            observer.Committed(unit);
    }

    private static async Task<IDbContextTransaction> Begin(DbContext database, CancellationToken cancellationToken)
    {
        try
        {
            return await database.Database.BeginTransactionAsync(cancellationToken);
        }
        catch (NpgsqlException exception) when (database.Database.GetDbConnection().State != ConnectionState.Open)
        {
            throw new ConnectionLostException(exception);
        }
    }
}

/// <summary>One transaction, and the objects that live as long as it does.</summary>
/// <param name="Services">The DI scope; it creates the handlers.</param>
/// <param name="Unit">The rows and events.</param>
internal sealed record TransactionScope(IServiceProvider Services, DbContext Database, UnitOfWork Unit);
