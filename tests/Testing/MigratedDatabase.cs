using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Testing;

/// <summary>
/// A template with all migrations applied, for each service. A test assembly declares this class as its fixture, so that the templates are
/// dropped at the end.
/// </summary>
public sealed class MigratedDatabase : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<Type, TemplateDatabase> Templates = [];

    public static Task<TestDatabase> CopyFor<TContext>()
        where TContext : DbContext =>
        Templates.GetOrAdd(typeof(TContext), _ => new TemplateDatabase(Migrate<TContext>)).Copy();

    public async ValueTask DisposeAsync()
    {
        foreach (var template in Templates.Values)
            await template.DisposeAsync();
    }

    private static async Task Migrate<TContext>(TestDatabase database)
        where TContext : DbContext
    {
        var options = new DbContextOptionsBuilder<TContext>().UseNpgsql(database.Source).UseSnakeCaseNamingConvention().Options;
        await using var context = (TContext)Activator.CreateInstance(typeof(TContext), options)!;
        await context.Database.MigrateAsync();
    }
}
