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
/// The template with the tables of the sample service. A test assembly declares this class as its fixture, so that the template is dropped
/// at the end.
/// </summary>
public sealed class SampleTemplate : IAsyncDisposable
{
    private static readonly TemplateDatabase Template = new(SampleSchema.Create);

    public static Task<TestDatabase> Copy() => Template.Copy();

    public ValueTask DisposeAsync() => Template.DisposeAsync();
}
