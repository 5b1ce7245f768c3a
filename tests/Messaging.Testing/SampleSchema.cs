using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Testing;

/// <summary>The tables of the sample service, which has no migrations.</summary>
internal static class SampleSchema
{
    /// <summary>Creates the tables, unless an earlier instance has.</summary>
    public static async Task Create(TestDatabase database)
    {
        await using var db = new SampleDb(
            new DbContextOptionsBuilder<SampleDb>().UseNpgsql(database.Source).UseSnakeCaseNamingConvention().Options);
        if (!await db.Database.EnsureCreatedAsync())
            return;
        foreach (var script in MessagingSchema.Scripts(typeof(MessagingSchema).Assembly).Concat(OperationsSchema.Scripts()))
        {
            await db.Database.ExecuteSqlRawAsync(
                script.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));
        }
    }
}

/// <summary>
/// The database with the tables of the sample service that the databases of tests are copies of; made with the first. Test assemblies
/// declare it as their fixture, so that it is dropped at the end.
/// </summary>
public sealed class SampleTemplate : IAsyncDisposable
{
    private static readonly Lazy<Task<TestDatabase>> Template = new(async () =>
    {
        var database = await TestDatabase.Create();
        await SampleSchema.Create(database);
        return database;
    });

    public static async Task<TestDatabase> Copy() => await TestDatabase.CopyOf(await Template.Value);

    public async ValueTask DisposeAsync()
    {
        if (Template.IsValueCreated)
            await (await Template.Value).DisposeAsync();
    }
}
