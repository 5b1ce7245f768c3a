using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Batching;

public sealed class TransactionBatcherTests : SampleServiceTest
{
    [Fact]
    public async Task Units_that_arrive_together_share_transactions()
    {
        var service = await Service().WithBroker(TestBroker.Nowhere).Start();
        var before = await Transactions();

        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => service.Open(Guid.CreateVersion7())));

        // Every row carries the id of the transaction that wrote it.
        Assert.InRange(await Transactions() - before, 1, 100);
        Assert.Equal(500, await service.Query(db => db.Accounts.CountAsync(Cancellation)));
    }

    [Fact]
    public async Task A_unit_that_fails_fails_alone()
    {
        var service = await Service().WithBroker(TestBroker.Nowhere).Start();

        var units = Enumerable.Range(0, 20).Select(i => i == 7 ? Fail(service) : service.Open(Guid.CreateVersion7())).ToArray();

        for (var i = 0; i < units.Length; i++)
        {
            if (i == 7)
                await Assert.ThrowsAsync<InvalidOperationException>(() => units[i]);
            else
                await units[i];
        }

        Assert.Equal(19, await service.Query(db => db.Accounts.CountAsync(Cancellation)));
    }

    [Fact]
    public async Task Two_instances_that_insert_the_same_row_agree_on_which_was_first()
    {
        var first = await Service().WithBroker(TestBroker.Nowhere).Start();
        var second = await Service().WithBroker(TestBroker.Nowhere).Start();
        for (var round = 0; round < 100; round++)
        {
            var account = Guid.CreateVersion7();
            await Task.WhenAll(first.Deposit(account, 1), second.Deposit(account, 2));
            Assert.Equal(
                3, await first.Query(db => db.Accounts.Where(a => a.Id == account).Select(a => a.Balance).SingleAsync(Cancellation)));
        }
    }

    [Fact]
    public async Task A_row_that_one_unit_adds_is_found_by_the_next_of_its_batch()
    {
        var service = await Service().WithBroker(TestBroker.Nowhere).Start();
        var account = Guid.CreateVersion7();

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => service.Deposit(account, 1)));

        Assert.Equal(
            30, await service.Query(db => db.Accounts.Where(a => a.Id == account).Select(a => a.Balance).SingleAsync(Cancellation)));
    }

    [Fact]
    public async Task Batches_that_lock_the_same_rows_in_any_order_do_not_deadlock()
    {
        var services = new[] { await Service().WithBroker(TestBroker.Nowhere).Start(), await Service()
            .WithBroker(TestBroker.Nowhere)
            .Start() };
        var accounts = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        foreach (var account in accounts)
            await services[0].Open(account);
        var deadlocks = await Deadlocks();

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i =>
        {
            var all = accounts.OrderBy(_ => Random.Shared.Next()).Take(5).Cast<object>().ToArray();
            return services[i % 2].Batcher.Run(
                rows => rows.AddRange<Account>(all),
                unit =>
                {
                    foreach (var account in all)
                        unit.Append(unit.Get<Account>(account), new Deposited((Guid)account, 1));
                    return true;
                },
                Cancellation);
        }));

        Assert.Equal(5000, await services[0].Query(db => db.Accounts.SumAsync(a => a.Balance, Cancellation)));
        Assert.Equal(deadlocks, await Deadlocks());
    }

    [Fact]
    public async Task A_request_fails_with_an_exception_when_the_database_is_unavailable()
    {
        var service = await Service().WithBroker(TestBroker.Nowhere).Start();
        await service.Open(Guid.CreateVersion7());
        NpgsqlConnection.ClearAllPools();
        await using (await Database.Unreachable())
            await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => service.Open(Guid.CreateVersion7()));

        await service.Open(Guid.CreateVersion7());
        Assert.Equal(2, await service.Query(db => db.Accounts.CountAsync(Cancellation)));
    }

    [Fact]
    public async Task Messages_wait_for_a_database_that_loses_its_connections_and_none_is_lost_or_duplicated()
    {
        var service = await Service().Start();
        var accounts = Enumerable.Range(0, 300).Select(_ => Guid.CreateVersion7()).ToArray();
        using var stop = new CancellationTokenSource();
        var ended = 0L;
        var trouble = Task.Run(
            async () =>
            {
                // Strikes again after every 25 rows, so that a slow machine makes progress too.
                while (!stop.IsCancellationRequested)
                {
                    var before = await Progress();
                    ended += await Database.Scalar<long>(
                        """
                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name LIKE 'ledger%'
                        """);
                    await Eventually.Is(
                        async () => stop.IsCancellationRequested || await Progress() >= before + 25, "the service makes progress");
                }
            },
            Cancellation);

        foreach (var account in accounts)
        {
            // A transaction may commit although its connection breaks; then the account is opened twice. So the log is counted below.
            await Eventually.Is(async () => await Try(() => service.Open(account)));
        }

        await Eventually.Is(async () => await Database.Scalar<long>("SELECT count(*) FROM tallies") == accounts.Length);
        await stop.CancelAsync();
        await trouble;
        Assert.True(ended > 0, "no connection was ended");
        Assert.Equal(0, await DeadLetters());
        // Not over the service's own connections: the last strike may have ended them.
        Assert.Equal(
            await Database.Scalar<long>("SELECT count(*) FROM messaging.event_log"),
            await Database.Scalar<long>("SELECT count(*) FROM messaging.inbox"));
    }

    private Task<long> Progress() =>
        Database.Scalar<long>("SELECT (SELECT count(*) FROM messaging.event_log) + (SELECT count(*) FROM tallies)");

    private static async Task<bool> Try(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception exception) when (exception is System.Data.Common.DbException)
        {
            return false;
        }
    }

    private static Task<bool> Fail(SampleHost service) =>
        service.Batcher.Run<bool>(_ => { }, _ => throw new InvalidOperationException("no"), Cancellation);

    private Task<long> Transactions() => Database.Scalar<long>("SELECT count(DISTINCT xmin::text) FROM messaging.event_log");

    private Task<long> Deadlocks() => Database.Scalar<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
}
