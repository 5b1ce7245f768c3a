namespace OrderPlatform.Testing;

/// <summary>A database that tests copy instead of creating its tables again; it is created for the first copy.</summary>
/// <param name="fill">Creates its tables.</param>
public sealed class TemplateDatabase(Func<TestDatabase, Task> fill) : IAsyncDisposable
{
    private readonly Lazy<Task<TestDatabase>> template = new(async () =>
    {
        var database = await TestDatabase.Create();
        try
        {
            await fill(database);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    });

    public async Task<TestDatabase> Copy() => await TestDatabase.CopyOf(await template.Value);

    /// <summary>Drops it, unless no test has copied it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (template is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await template.Value).DisposeAsync();
    }
}
