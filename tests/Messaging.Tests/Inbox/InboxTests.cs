using System.Text;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.Inbox;

public sealed class InboxTests : SampleServiceTest
{
    private const string Type = "OrderPlatform.Messaging.Testing:";

    [Fact]
    public async Task A_duplicate_has_no_second_effect()
    {
        var ledger = await StartService();
        var account = Guid.CreateVersion7();
        var (opened, deposited) = (Incoming(account, 1, new Opened(account)), Incoming(account, 2, new Deposited(account, 5)));

        await Task.WhenAll(new[] { opened, deposited, deposited, opened, deposited }.Select(ledger.Queue.Handle));
        await ledger.Queue.Handle(deposited);

        Assert.Equal(5, (await ledger.Tally(account))!.Total);
        Assert.Equal(2, await ledger.Query(db => db.Set<InboxEntry>().CountAsync(Cancellation)));
    }

    [Fact]
    public async Task What_comes_too_early_is_deferred_and_runs_in_sequence_when_its_predecessor_comes()
    {
        var ledger = await StartService();
        var account = Guid.CreateVersion7();

        await Send(
            Message(account, 4, new Closed(account)),
            Message(account, 3, new Deposited(account, 2)),
            Message(account, 2, new Deposited(account, 1)));
        await Eventually.Is(async () => await Deferred(ledger) == 3);
        Assert.Null(await ledger.Tally(account));

        await Send(Message(account, 1, new Opened(account)));

        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 3, Closed: true });
        Assert.Equal(0, await Deferred(ledger));
    }

    [Fact]
    public async Task A_deferred_event_holds_back_only_its_own_stream()
    {
        var ledger = await StartService();
        var (early, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        await Send(
            Message(early, 2, new Deposited(early, 1)),
            Message(other, 1, new Opened(other)),
            Message(other, 2, new Deposited(other, 1)));

        await Eventually.Is(async () => await ledger.Tally(other) is { Total: 1 });
        Assert.Equal(1, await Deferred(ledger));
    }

    [Fact]
    public async Task Two_instances_that_get_an_event_and_its_predecessor_at_once_leave_nothing_deferred()
    {
        var first = await StartService();
        var second = await StartService();
        for (var round = 0; round < 200; round++)
        {
            var account = Guid.CreateVersion7();
            var (opened, deposited) = (Incoming(account, 1, new Opened(account)), Incoming(account, 2, new Deposited(account, 1)));

            await Task.WhenAll(first.Queue.Handle(deposited), second.Queue.Handle(opened));

            Assert.Equal(1, (await first.Tally(account))!.Total);
        }

        Assert.Equal(0, await Deferred(first));
    }

    [Fact]
    public async Task A_poison_message_faults_alone_and_its_group_commits()
    {
        var ledger = await StartService(("Messaging:Retries", "1"));
        var poisoned = Guid.CreateVersion7();
        Poison.Add(poisoned);
        var healthy = Enumerable.Range(0, 50).Select(_ => Guid.CreateVersion7()).ToArray();

        await Send([
            .. healthy[..25].Select(account => Message(account, 1, new Opened(account))),
            Message(poisoned, 1, new Opened(poisoned)),
            .. healthy[25..].Select(account => Message(account, 1, new Opened(account))),
        ]);

        await Eventually.Is(async () =>
            await DeadLetters(
                $"stream = '{poisoned}' AND exception_type = 'System.InvalidOperationException' AND exception_message = 'poison'") == 1);
        await Eventually.Is(async () => await ledger.Query(db => db.Tallies.CountAsync(Cancellation)) == 50);
        Assert.Equal(1, await DeadLetters());
        Assert.Equal(50, await ledger.Query(db => db.Set<InboxEntry>().CountAsync(Cancellation)));
    }

    [Fact]
    public async Task The_units_of_a_failed_group_commit_one_by_one()
    {
        var ledger = await StartService();
        var accounts = Enumerable.Range(0, 10).Select(_ => Guid.CreateVersion7()).ToArray();
        Poison.Add(accounts[4]);

        var runs = accounts.Select(account => ledger.Queue.Handle(Incoming(account, 1, new Opened(account)))).ToArray();

        for (var i = 0; i < accounts.Length; i++)
        {
            if (i == 4)
                await Assert.ThrowsAsync<InvalidOperationException>(() => runs[i]);
            else
                await runs[i];
        }

        Assert.Equal(9, await ledger.Query(db => db.Tallies.CountAsync(Cancellation)));
    }

    [Fact]
    public async Task A_deferred_event_that_fails_does_not_fail_its_predecessor_and_becomes_a_dead_letter()
    {
        var ledger = await StartService(("Messaging:Retries", "1"), ("Messaging:DeferredRetryInterval", "00:00:00.100"));
        var account = Guid.CreateVersion7();
        await ledger.Queue.Handle(Incoming(account, 2, new Deposited(account, Poison.Amount)));
        await ledger.Queue.Handle(Incoming(account, 3, new Closed(account)));
        Assert.Equal(2, await Deferred(ledger));

        await ledger.Queue.Handle(Incoming(account, 1, new Opened(account)));

        Assert.NotNull(await ledger.Tally(account));
        await Eventually.Is(async () =>
            await DeadLetters("type = 'OrderPlatform.Messaging.Testing:Deposited' AND exception_message = 'poison'") == 1);
        Assert.Equal(1, await Deferred(ledger));
    }

    [Fact]
    public async Task What_was_moved_to_the_error_queue_is_no_duplicate_when_it_is_redriven()
    {
        var ledger = await StartService(("Messaging:Retries", "0"), ("Messaging:DeferredRetryInterval", "00:00:00.100"));
        var account = Guid.CreateVersion7();
        var poisonous = Incoming(account, 2, new Deposited(account, Poison.Amount));
        await ledger.Queue.Handle(poisonous);
        await ledger.Queue.Handle(Incoming(account, 1, new Opened(account)));
        await Eventually.Is(async () => await DeadLetters() == 1);

        await ledger.Queue.Handle(Incoming(account, 2, new Deposited(account, 5), poisonous.EventId));

        Assert.Equal(5, (await ledger.Tally(account))!.Total);
    }

    [Fact]
    public async Task A_deferred_event_of_a_type_that_is_gone_does_not_fail_its_predecessor()
    {
        var ledger = await StartService();
        var account = Guid.CreateVersion7();
        await ledger.Queue.Handle(Incoming(account, 2, new Deposited(account, 1)));
        await Database.Scalar<string>("UPDATE messaging.deferred_events SET type = 'OrderPlatform.Messaging.Testing:Gone' RETURNING type");

        await ledger.Queue.Handle(Incoming(account, 1, new Opened(account)));

        Assert.NotNull(await ledger.Tally(account));
        Assert.Equal(1, await Deferred(ledger));
    }

    [Fact]
    public async Task What_is_deferred_is_tried_again_although_nothing_arrives()
    {
        var ledger = await StartService(("Messaging:DeferredRetryInterval", "00:00:00.100"));
        var account = Guid.CreateVersion7();
        await ledger.Queue.Handle(Incoming(account, 2, new Deposited(account, 1)));

        await ledger.OpenByHand(account);
        await ledger.Query(db => db.Database.ExecuteSqlAsync($"UPDATE messaging.deferred_events SET retry_at = now()"));

        await Eventually.Is(async () => await ledger.Tally(account) is { Total: 1 });
    }

    [Fact]
    public async Task A_row_that_somebody_keeps_locked_holds_up_only_its_own_message()
    {
        var ledger = await StartService();
        var (locked, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await ledger.Queue.Handle(Incoming(locked, 1, new Opened(locked)));
        await using var connection = await Database.Source.OpenConnectionAsync(Cancellation);
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            await using var update = new Npgsql.NpgsqlCommand("UPDATE tallies SET total = total", connection);
            await update.ExecuteNonQueryAsync(Cancellation);
            var blocked = ledger.Queue.Handle(Incoming(locked, 2, new Deposited(locked, 1)));
            var free = ledger.Queue.Handle(Incoming(other, 1, new Opened(other)));

            await Assert.ThrowsAnyAsync<Exception>(() => blocked);
            await free;
        }

        Assert.NotNull(await ledger.Tally(other));
    }

    [Fact]
    public async Task A_very_long_exception_becomes_a_dead_letter()
    {
        await StartService(("Messaging:Retries", "0"));
        var account = Guid.CreateVersion7();
        Poison.Add(account, new string('x', 1_000_000));

        await Send(Message(account, 1, new Opened(account)));

        await Eventually.Is(async () => await DeadLetters() == 1);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"accountId\":\"no guid\"}")]
    public async Task A_body_that_is_no_event_becomes_a_dead_letter(string body)
    {
        await StartService();
        var (id, properties, _) = Message(Guid.CreateVersion7(), 1, new Opened(Guid.CreateVersion7()));

        await Send((id, properties, Encoding.UTF8.GetBytes(body)));

        await Eventually.Is(async () => await DeadLetters($"convert_from(body, 'UTF8') = '{body}'") == 1);
    }

    [Fact]
    public async Task A_type_that_nobody_handles_becomes_a_dead_letter()
    {
        await StartService();
        var (id, properties, body) = Message(Guid.CreateVersion7(), 1, new Audited(Guid.CreateVersion7()));

        await Send((id, properties, body));

        await Eventually.Is(async () => await DeadLetters("source = 'skipped'") == 1);
    }

    [Fact]
    public async Task A_message_without_an_id_becomes_a_dead_letter()
    {
        await StartService();
        var (_, properties, body) = Message(Guid.CreateVersion7(), 1, new Opened(Guid.CreateVersion7()));
        properties.MessageId = null;

        await Send(("", properties, body));

        await Eventually.Is(async () => await DeadLetters() == 1);
    }

    private static Task<int> Deferred(SampleHost ledger) => ledger.Query(db => db.Set<DeferredEvent>().CountAsync(Cancellation));
}
