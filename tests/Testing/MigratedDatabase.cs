using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Testing;

/// <summary>
/// Databases with all migrations of a service, which the databases of tests are copies of; each is made with its first copy. Test assemblies
/// declare it as their fixture, so that they are dropped at the end.
/// </summary>
public sealed class MigratedDatabase : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<Type, Lazy<Task<TestDatabase>>> Templates = [];

    public static async Task<TestDatabase> CopyFor<TContext>()
        where TContext : DbContext
    {
        var template = Templates.GetOrAdd(typeof(TContext), _ => new Lazy<Task<TestDatabase>>(Create<TContext>));
        return await TestDatabase.CopyOf(await template.Value);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var template in Templates.Values)
            await (await template.Value).DisposeAsync();
    }

    private static async Task<TestDatabase> Create<TContext>()
        where TContext : DbContext
    {
        var database = await TestDatabase.Create();
        var options = new DbContextOptionsBuilder<TContext>().UseNpgsql(database.Source).UseSnakeCaseNamingConvention().Options;
        await using var context = (TContext)Activator.CreateInstance(typeof(TContext), options)!;
        await context.Database.MigrateAsync();
        return database;
    }
}
