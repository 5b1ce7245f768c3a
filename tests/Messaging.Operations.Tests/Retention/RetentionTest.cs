using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

/// <summary>A service that keeps its log for a week, an archive, and a clock that can be moved.</summary>
public abstract class RetentionTest : SampleServiceTest
{
    protected MovableClock Clock { get; } = new();

    protected DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("archive");

    private protected ArchiveReader Archive => new(new DirectoryArchiveStore(Path.Combine(Directory.FullName, "ledger")));

    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        Directory.Delete(recursive: true);
    }

    protected override SampleServiceBuilder Service() => base.Service()
        .WithService<TimeProvider>(Clock)
        .With("Messaging:BackgroundShare", "1")
        .With("Messaging:Retention:LogDays", "7")
        .With("Messaging:Retention:Archive:Directory", Directory.FullName);

    /// <summary>An instance that keeps everything, with the real time.</summary>
    protected SampleServiceBuilder ServiceWithoutRetention() => base.Service();

    /// <summary>Runs retention once, after the run that every instance begins with.</summary>
    private protected static async Task Run(SampleHost service)
    {
        Exception? failure = null;
        await Eventually.Is(async () =>
        {
            try
            {
                return await service.Retention.RunOnce(Cancellation);
            }
            catch (Exception exception)
            {
                failure = exception;
                return true;
            }
        });
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>
    /// Waits until everything is published and handled, then lets three weeks pass, so that the partition of these events has ended.
    /// </summary>
    private protected async Task LetItEnd(SampleHost service)
    {
        await Eventually.Is(() => Database.Scalar<bool>(
            """
            SELECT gaps = '{}' AND position >= coalesce((SELECT max(position) FROM messaging.event_log), 0)
               AND NOT EXISTS (
                   SELECT FROM messaging.event_log
                   WHERE type NOT LIKE '%:Audited' AND event_id NOT IN (SELECT event_id FROM messaging.inbox))
            FROM messaging.relay_cursor
            """));
        Assert.True(service.Relay.IsActive);
        await Pass(service, days: 21);
    }

    /// <summary>Moves the clock forward. The run that the instance began with does not see it.</summary>
    private protected async Task Pass(SampleHost service, int days)
    {
        await service.Retention.FirstRun.WaitAsync(Eventually.Guard, Cancellation);
        Clock.Advance(TimeSpan.FromDays(days));
    }

    /// <summary>An account with three events, of which the last closes it.</summary>
    private protected static async Task<Guid> OpenAndClose(SampleHost service)
    {
        var account = Guid.CreateVersion7();
        await service.Open(account);
        await service.Deposit(account, 5);
        await service.Append(account, new Closed(account));
        return account;
    }

    private protected static async Task<double> LastSuccess(SampleHost service) =>
        (await Scrape.Of(service.Services))["messaging_retention_last_success_timestamp_seconds"]!.Value;

    private protected async Task<List<LogEntry>> Log()
    {
        await using var command = Database.Source.CreateCommand($"SELECT {LogRows.Columns} FROM messaging.event_log ORDER BY position");
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var events = new List<LogEntry>();
        while (await reader.ReadAsync(Cancellation))
            events.Add(LogRows.Read(reader));
        return events;
    }

    private protected async Task<List<LogEntry>> Archived(ArchiveFilter? filter = null) =>
        await Archive.Read(filter ?? new ArchiveFilter(), Cancellation).ToListAsync(Cancellation);

    /// <summary>Fails unless log and archive together have these events, each once.</summary>
    private protected async Task AssertNothingLostOrDoubled(IEnumerable<LogEntry> all) =>
        Assert.Equal(Texts(all), Texts((await Log()).Concat(await Archived())));

    private protected static IEnumerable<string> Texts(IEnumerable<LogEntry> events) => events
        .OrderBy(e => e.Position)
        .Select(e => $"{e.Position} {e.Event with { Body = default }} {System.Text.Encoding.UTF8.GetString(e.Event.Body.Span)}");

    /// <summary>Adds an event to the inbox that is received 20 days from now.</summary>
    private protected Task<Guid> Receive(Guid id) => Database.Scalar<Guid>(
        $"""
         INSERT INTO messaging.inbox (event_id, queue, received_at) VALUES ('{id}', 'ledger', now() + interval '20 days')
         RETURNING event_id
         """);

    /// <summary>Appends an event whose id belongs to the oldest partition.</summary>
    private protected Task InsertLate() => Database.Execute(
            """
            INSERT INTO messaging.event_log (event_id, stream, sequence, type, data, correlation_id, occurred_at)
            SELECT (left(max(event_id::text), 35) || 'f')::uuid, 'late', 1, 'OrderPlatform.Messaging.Testing:Audited', '{}',
                   gen_random_uuid(), now()
            FROM messaging.event_log
            """);

    /// <summary>The partitions that have events of an account.</summary>
    protected async Task<string[]> PartitionsOf(Guid account)
    {
        await using var command = Database.Source.CreateCommand(
            "SELECT DISTINCT tableoid::regclass::text FROM messaging.event_log WHERE stream = $1 ORDER BY 1");
        command.Parameters.AddWithValue(account.ToString());
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var names = new List<string>();
        while (await reader.ReadAsync(Cancellation))
            names.Add(reader.GetString(0));
        return [.. names];
    }

    /// <summary>Fails unless every time belongs to exactly one partition.</summary>
    protected async Task AssertContiguous()
    {
        foreach (var table in (string[])["event_log", "inbox"])
        {
            Assert.True(await Database.Scalar<bool>(
                $"""
                 SELECT bool_and(CASE
                     WHEN before IS NULL THEN name LIKE '%_past'
                     WHEN until IS NULL THEN name LIKE '%_default'
                     ELSE since = before
                 END)
                 FROM (SELECT *, lag(until) OVER (ORDER BY until NULLS LAST) AS before FROM messaging.partitions('{table}')) AS partitions
                 """));
        }
    }

    protected Task<long> Count(string table) => Database.Scalar<long>($"SELECT count(*) FROM messaging.{table}");

    protected Task<string> OldestPartition(string table = "event_log") =>
        Database.Scalar<string>($"SELECT name FROM messaging.partitions('{table}') WHERE since IS NOT NULL LIMIT 1");

    /// <summary>Ends the connection of the current run, as a crash does.</summary>
    protected async Task EndRun() => Assert.Equal(1, await Database.Scalar<long>(
        """
        SELECT count(pg_terminate_backend(pid))
        FROM pg_locks
        WHERE locktype = 'advisory'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND (classid::bigint << 32 | objid::bigint) = hashtextextended('orderplatform retention', 0)
        """));
}
