using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Storage;

/// <summary>While the database refuses the service, messages wait, and none becomes a dead letter.</summary>
public sealed class RefusalTests : SampleServiceTest
{
    private const int Messages = 40;

    private readonly string role = $"role_{Guid.NewGuid():N}";
    private readonly RecordingLog log = new();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        var administrator = await Database.Scalar<string>("SELECT quote_ident(current_user)");
        await Database.Execute($"CREATE ROLE {role} LOGIN PASSWORD 'right'; GRANT {administrator} TO {role}");
    }

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await EndSessions();
            await Database.Execute($"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}");
        }
        finally
        {
            await base.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("PASSWORD 'wrong'", "PASSWORD 'right'")]
    [InlineData("NOLOGIN", "LOGIN")]
    [InlineData("CONNECTION LIMIT 0", "CONNECTION LIMIT -1")]
    [InlineData("SET default_transaction_read_only = on", "RESET default_transaction_read_only")]
    public async Task Messages_wait_while_the_service_may_not_log_in_or_write(string refuse, string admit)
    {
        var service = await Start();
        await Database.Execute($"ALTER ROLE {role} {refuse}");
        await EndSessions();

        await SendAndSeeThemWait(service);

        await Database.Execute($"ALTER ROLE {role} {admit}");
        await AllAreHandled(service);
    }

    [Fact]
    public async Task Sessions_that_became_read_only_leave_the_pool_without_a_health_check()
    {
        // The sampler empties the pool as well.
        var service = await Start(("Messaging:SampleInterval", "01:00:00"));
        await Database.Execute($"ALTER ROLE {role} SET default_transaction_read_only = on");
        await EndSessions();
        await Eventually.Is(() => IsReadOnly(() => service.Open(Guid.CreateVersion7())), "a unit of work cannot write");
        await Eventually.Is(() => IsReadOnly(() => service.OpenByHand(Guid.CreateVersion7())), "a command cannot write");

        await Database.Execute($"ALTER ROLE {role} RESET default_transaction_read_only");

        await Eventually.Is(() => Succeeds(() => service.Open(Guid.CreateVersion7())));
        await Eventually.Is(() => Succeeds(() => service.OpenByHand(Guid.CreateVersion7())));
    }

    [Fact]
    public async Task Messages_wait_while_the_database_accepts_no_connections()
    {
        var service = await Start();
        await using (await Database.Unreachable())
            await SendAndSeeThemWait(service);
        await AllAreHandled(service);
    }

    [Fact]
    public async Task Messages_wait_while_the_database_has_another_name()
    {
        var service = await Start();
        await using (await Database.Renamed())
            await SendAndSeeThemWait(service);
        await AllAreHandled(service);
    }

    private static async Task<bool> Succeeds(Func<Task> write)
    {
        await write();
        return true;
    }

    private static async Task<bool> IsReadOnly(Func<Task> write)
    {
        try
        {
            await write();
            return false;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            return true;
        }
    }

    private Task<SampleHost> Start(params (string Key, string Value)[] settings)
    {
        var address = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = role, Password = "right" };
        // Without retries, a refusal that counts as a failure makes a dead letter at once.
        return Service()
            .With("ConnectionStrings:Database", address.ConnectionString)
            .With("Messaging:Retries", "0")
            .With(settings)
            .WithService<ILoggerProvider>(log)
            .Start();
    }

    private Task<long> EndSessions() =>
        Database.Scalar<long>($"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{role}'");

    private async Task SendAndSeeThemWait(SampleHost service)
    {
        await Send([.. Enumerable.Range(0, Messages).Select(_ => Guid.CreateVersion7()).Select(id => Message(id, 1, new Opened(id)))]);
        await Eventually.Is(() => log.Lines.Any(line => line.StartsWith("Database unavailable for", StringComparison.Ordinal)
            && line.Contains("messages of ledger", StringComparison.Ordinal)));
        await Eventually.Is(async () => (await Health(service)).Status == HealthStatus.Unhealthy);
    }

    private async Task AllAreHandled(SampleHost service)
    {
        await Eventually.Is(
            async () =>
            {
                Assert.Equal(0, await DeadLetters());
                return await Database.Scalar<bool>($"SELECT count(*) = {Messages} FROM tallies");
            },
            "all messages are handled");
        await Eventually.Is(async () => (await Health(service)).Status == HealthStatus.Healthy);
        await service.Open(Guid.CreateVersion7());
    }

    private static Task<HealthCheckResult> Health(SampleHost service) =>
        service.Services.GetRequiredService<DatabaseStartup>().CheckHealthAsync(new(), Cancellation);

    private sealed class RecordingLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
