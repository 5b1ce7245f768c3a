using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Messaging.Operations.Retention;
using OrderPlatform.Messaging.Storage;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

public sealed class InboxRetentionTests : RetentionTest
{
    [Fact]
    public async Task Duplicates_are_recognised_for_the_configured_time_whatever_their_partition()
    {
        var service = await Service().With("Messaging:Retention:InboxDays", "7").Start();
        var account = Guid.CreateVersion7();
        var (opened, deposited) = (Incoming(account, 1, new Opened(account)), Incoming(account, 2, new Deposited(account, 5)));
        var deferred = Incoming(Guid.CreateVersion7(), 2, new Deposited(Guid.CreateVersion7(), 5));
        await service.Queue.Handle(opened);
        await service.Queue.Handle(deposited);
        await service.Queue.Handle(deferred);
        var discarded = Guid.CreateVersion7();
        await Database.Scalar<Guid>(
            $"""
             WITH letter AS (
                INSERT INTO messaging.dead_letters
                    (id, queue, source, message_key, event_id, properties, headers, body, first_failed_at, last_failed_at, state)
                VALUES (
                    gen_random_uuid(), 'ledger', 'error', '{discarded}', '{discarded}', '{"{}"}', '{"{}"}', '', now(), now(), 'discarded'))
             INSERT INTO messaging.inbox (event_id, queue) VALUES ('{discarded}', 'ledger') RETURNING event_id
             """);
        var partition = await OldestPartition("inbox");
        await Pass(service, days: 21);
        // A replay brought it yesterday.
        Assert.NotEqual(default, await Database.Scalar<DateTime>(
            $"""
             UPDATE messaging.inbox SET received_at = now() + interval '20 days'
             WHERE event_id = '{deposited.EventId}' RETURNING received_at
             """));

        await Run(service);

        Assert.NotEqual(partition, await OldestPartition("inbox"));
        await AssertContiguous();
        await service.Queue.Handle(deposited);
        await service.Queue.Handle(deferred);
        var tally = await service.Tally(account);
        Assert.Equal((5, 1), (tally!.Total, tally.Changes));
        Assert.Equal(
            new[] { deposited.EventId, discarded, deferred.EventId }.Order(),
            (await service.Query(db => db.Set<InboxEntry>().Select(entry => entry.EventId).ToListAsync(Cancellation))).Order());
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 2);
        Assert.Equal(1, await Count("deferred_events"));

        await Pass(service, days: 21);
        await Run(service);
        Assert.Equal(
            new[] { discarded, deferred.EventId }.Order(),
            (await service.Query(db => db.Set<InboxEntry>().Select(entry => entry.EventId).ToListAsync(Cancellation))).Order());
    }

    [Fact]
    public async Task No_writer_waits_while_the_inbox_is_copied_and_the_copy_keeps_in_step()
    {
        var service = await Service().With("Messaging:Retention:InboxDays", "7").Start();
        var (early, late) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var past = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddYears(-1));
        await Receive(early);
        await Receive(past);
        var partition = await OldestPartition("inbox");
        await Pass(service, days: 21);

        // A transaction that is about to delete an event blocks the second half of the copy.
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await connection.Execute($"SELECT FROM messaging.inbox WHERE event_id = '{past}' FOR UPDATE", Cancellation);
        var run = Run(service);
        await Eventually.Is(() => Database.Scalar<bool>(
            """
            SELECT EXISTS (
                SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%inbox\_past%FOR KEY SHARE%')
            """));
        await Receive(late);
        await Database.Scalar<Guid>($"DELETE FROM messaging.inbox WHERE event_id = '{early}' RETURNING event_id");
        Assert.False(run.IsCompleted);
        Assert.Equal(partition, await OldestPartition("inbox"));
        await connection.Execute($"DELETE FROM messaging.inbox WHERE event_id = '{past}'", Cancellation);
        await transaction.CommitAsync(Cancellation);
        await run;

        Assert.NotEqual(partition, await OldestPartition("inbox"));
        await AssertContiguous();
        Assert.Equal(
            [late], await service.Query(db => db.Set<InboxEntry>().Select(entry => entry.EventId).ToListAsync(Cancellation)));
    }

    [Fact]
    public async Task Forgetting_an_event_does_not_wait_for_the_copy()
    {
        var service = await Service().With("Messaging:Retention:InboxDays", "7").Start();
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7(DateTimeOffset.UtcNow.AddSeconds(1)));
        await Receive(first);
        await Receive(second);
        await Pass(service, days: 21);
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await connection.Execute($"SELECT FROM messaging.inbox WHERE event_id = '{second}' FOR UPDATE", Cancellation);
        var run = Run(service);
        await Waits("FOR KEY SHARE");

        await Impatiently($"DELETE FROM messaging.inbox WHERE event_id = '{first}'");

        Assert.False(run.IsCompleted);
        await transaction.RollbackAsync(Cancellation);
        await run;
        Assert.Equal([second], await Known(service));
    }

    [Fact]
    public async Task A_writer_does_not_wait_while_a_run_begins_anew()
    {
        var service = await Service().With("Messaging:Retention:InboxDays", "7").Start();
        var (first, second, third) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await Receive(first);
        await Pass(service, days: 21);
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            await connection.Execute($"SELECT FROM messaging.inbox WHERE event_id = '{first}' FOR UPDATE", Cancellation);
            var cutOff = Run(service);
            await Waits("FOR KEY SHARE");
            await EndRun();
            await Assert.ThrowsAnyAsync<Exception>(() => cutOff);
        }

        // Writers still write to the copy that the interrupted run has left behind.
        await using var writing = await connection.BeginTransactionAsync(Cancellation);
        await connection.Execute($"INSERT INTO messaging.inbox (event_id, queue) VALUES ('{second}', 'ledger')", Cancellation);
        var run = Run(service);
        await Waits("DROP TABLE");

        await Impatiently(
            $"INSERT INTO messaging.inbox (event_id, queue, received_at) VALUES ('{third}', 'ledger', now() + interval '20 days')");

        Assert.False(run.IsCompleted);
        await writing.RollbackAsync(Cancellation);
        await run;
        Assert.Equal(new[] { first, third }.Order(), (await Known(service)).Order());
    }

    /// <summary>With as little memory for a statement as the server gives.</summary>
    [LongFact]
    public async Task Of_many_dead_letters_each_is_looked_up_by_its_key_and_its_event_stays_known()
    {
        const int Letters = 50_000;
        const int Received = InboxRetention.Stretch * 2 + 100;
        await Stop(await Service().With("Messaging:Retention:InboxDays", "7").Start());
        await using (var insert = Database.Source.CreateCommand(
            $$"""
              WITH ids AS (
                      SELECT n, (lpad(to_hex(n), 12, '0') || '70008' || repeat('0', 15))::uuid AS id
                      FROM generate_series(1, {{Letters}}) AS n),
                   received AS (
                      INSERT INTO messaging.inbox (event_id, queue)
                      SELECT CASE n % 2 WHEN 0 THEN id ELSE gen_random_uuid() END, 'ledger' FROM ids WHERE n <= {{Received}})
              INSERT INTO messaging.dead_letters
                  (id, queue, source, message_key, event_id, properties, headers, body, first_failed_at, last_failed_at, state)
              SELECT id, 'ledger', 'error', id, id, '{}', '{}', '', now(), now(), 'discarded' FROM ids
              """))
        {
            insert.CommandTimeout = 0;
            await insert.ExecuteNonQueryAsync(Cancellation);
        }

        // Before and after the server knows how many there are.
        var service = await Service().With("Messaging:Retention:InboxDays", "7").Start();
        await AssertByKeys();
        await using (var analyze = Database.Source.CreateCommand("ANALYZE messaging.dead_letters, messaging.inbox"))
            await analyze.ExecuteNonQueryAsync(Cancellation);
        await AssertByKeys();
        await Pass(service, days: 21);
        await Run(service);

        Assert.Equal(Received / 2, await Database.Scalar<long>(
            "SELECT count(*) FROM messaging.inbox WHERE event_id IN (SELECT event_id FROM messaging.dead_letters)"));

        async Task AssertByKeys()
        {
            await using var connection = service.Services.GetRequiredService<DatabaseAddress>().CreateUnpooled();
            await connection.OpenAsync(Cancellation);
            await connection.Execute("SET work_mem = '64kB'", Cancellation);
            await Partitions.MakeKept(connection, Partitions.Inbox, Cancellation);
            string[] tables = [await OldestPartition("inbox"), "inbox_past"];
            foreach (var (keys, of, since) in new[]
            {
                (InboxRetention.RecentIn(tables[1]), tables[1..], true),
                (InboxRetention.Deferred, tables, false),
                (InboxRetention.DeadLetters, tables, false),
            })
            {
                await using var explain = new NpgsqlCommand(
                    "EXPLAIN (COSTS OFF) " + InboxRetention.CopyStretch("inbox_kept", keys, of), connection);
                explain.Parameters.Add(NpgsqlAccess.Value(Guid.Empty));
                explain.Parameters.Add(NpgsqlAccess.Value(""));
                if (since)
                    explain.Parameters.Add(NpgsqlAccess.Value(DateTimeOffset.UtcNow));
                await using var reader = await explain.ExecuteReaderAsync(Cancellation);
                var plan = new List<string>();
                while (await reader.ReadAsync(Cancellation))
                    plan.Add(reader.GetString(0));
                Assert.DoesNotContain(plan, line =>
                    line.Contains("Seq Scan", StringComparison.Ordinal) || line.Contains("Hash", StringComparison.Ordinal)
                    || line.Contains("SubPlan", StringComparison.Ordinal) || line.Contains("Merge", StringComparison.Ordinal));
            }
        }
    }

    private static async Task<List<Guid>> Known(SampleHost service) =>
        await service.Query(db => db.Set<InboxEntry>().Select(entry => entry.EventId).ToListAsync(Cancellation));

    /// <summary>Waits until another connection waits for a lock with such a statement.</summary>
    private Task Waits(string statement) => Eventually.Is(() => Database.Scalar<bool>(
        $"""
         SELECT EXISTS (
             SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid() AND query LIKE '%{statement}%')
         """));

    /// <summary>Runs a statement that fails if it waits for the rest of the copy, which waits for the test.</summary>
    private async Task Impatiently(string statement)
    {
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await connection.Execute($"SET lock_timeout = '{Eventually.Guard.TotalSeconds:0}s'; {statement}", Cancellation);
    }
}
