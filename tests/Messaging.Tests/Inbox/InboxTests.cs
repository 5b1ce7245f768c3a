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
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var (opened, deposited) = (Incoming(account, 1, new Opened(account)), Incoming(account, 2, new Deposited(account, 5)));

        await Task.WhenAll(new[] { opened, deposited, deposited, opened, deposited }.Select(service.Queue.Handle));
        await service.Queue.Handle(deposited);

        Assert.Equal(5, (await service.Tally(account))!.Total);
        Assert.Equal(2, await service.Query(db => db.Set<InboxEntry>().CountAsync(Cancellation)));
    }

    [Fact]
    public async Task An_early_event_is_deferred_and_runs_in_sequence_when_its_predecessor_comes()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();

        await Send(
            Message(account, 4, new Closed(account)),
            Message(account, 3, new Deposited(account, 2)),
            Message(account, 2, new Deposited(account, 1)));
        await DeferredBecome(3);
        Assert.Null(await service.Tally(account));

        await Send(Message(account, 1, new Opened(account)));

        await Eventually.Is(async () => await service.Tally(account) is { Total: 3, Closed: true });
        Assert.Equal(0, await Deferred());
    }

    [Fact]
    public async Task A_deferred_event_holds_back_only_its_own_stream()
    {
        var service = await Service().Start();
        var (early, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        await Send(
            Message(early, 2, new Deposited(early, 1)),
            Message(other, 1, new Opened(other)),
            Message(other, 2, new Deposited(other, 1)));

        await Eventually.Is(async () => await service.Tally(other) is { Total: 1 });
        Assert.Equal(1, await Deferred());
    }

    [Fact]
    public async Task Two_instances_that_get_an_event_and_its_predecessor_at_once_leave_nothing_deferred()
    {
        var first = await Service().Start();
        var second = await Service().Start();
        for (var round = 0; round < 200; round++)
        {
            var account = Guid.CreateVersion7();
            var (opened, deposited) = (Incoming(account, 1, new Opened(account)), Incoming(account, 2, new Deposited(account, 1)));

            await Task.WhenAll(first.Queue.Handle(deposited), second.Queue.Handle(opened));

            Assert.Equal(1, (await first.Tally(account))!.Total);
        }

        Assert.Equal(0, await Deferred());
    }

    [Fact]
    public async Task A_poison_message_fails_alone_and_the_rest_of_its_batch_commits()
    {
        var service = await Service().With("Messaging:Retries", "1").Start();
        var poisoned = Guid.CreateVersion7();
        Poison.Add(poisoned);
        var healthy = Enumerable.Range(0, 50).Select(_ => Guid.CreateVersion7()).ToArray();

        await Send([
            .. healthy[..25].Select(account => Message(account, 1, new Opened(account))),
            Message(poisoned, 1, new Opened(poisoned)),
            .. healthy[25..].Select(account => Message(account, 1, new Opened(account))),
        ]);

        await DeadLettersBecome(
            1, $"stream = '{poisoned}' AND exception_type = 'System.InvalidOperationException' AND exception_message = 'poison'");
        await Eventually.Is(async () => await service.Query(db => db.Tallies.CountAsync(Cancellation)) == 50);
        Assert.Equal(1, await DeadLetters());
        Assert.Equal(50, await service.Query(db => db.Set<InboxEntry>().CountAsync(Cancellation)));
    }

    [Fact]
    public async Task The_units_of_a_failed_batch_commit_one_by_one()
    {
        var service = await Service().Start();
        var accounts = Enumerable.Range(0, 10).Select(_ => Guid.CreateVersion7()).ToArray();
        Poison.Add(accounts[4]);

        var runs = accounts.Select(account => service.Queue.Handle(Incoming(account, 1, new Opened(account)))).ToArray();

        for (var i = 0; i < accounts.Length; i++)
        {
            if (i == 4)
                await Assert.ThrowsAsync<InvalidOperationException>(() => runs[i]);
            else
                await runs[i];
        }

        Assert.Equal(9, await service.Query(db => db.Tallies.CountAsync(Cancellation)));
    }

    [Fact]
    public async Task A_deferred_event_that_fails_does_not_fail_its_predecessor_and_becomes_a_dead_letter()
    {
        var service = await Service().With("Messaging:Retries", "1").Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 2, new Deposited(account, Poison.Amount)));
        await service.Queue.Handle(Incoming(account, 3, new Closed(account)));
        Assert.Equal(2, await Deferred());

        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));

        Assert.NotNull(await service.Tally(account));
        await DeadLettersBecome(1, "type = 'OrderPlatform.Messaging.Testing:Deposited' AND exception_message = 'poison'");
        Assert.Equal(1, await Deferred());
    }

    [Fact]
    public async Task A_redriven_event_is_not_a_duplicate()
    {
        var service = await Service().With("Messaging:Retries", "0").Start();
        var account = Guid.CreateVersion7();
        var poisonous = Incoming(account, 2, new Deposited(account, Poison.Amount));
        await service.Queue.Handle(poisonous);
        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));
        await DeadLettersBecome(1);

        await service.Queue.Handle(Incoming(account, 2, new Deposited(account, 5), poisonous.EventId));

        Assert.Equal(5, (await service.Tally(account))!.Total);
    }

    [Fact]
    public async Task A_deferred_event_of_a_type_that_is_gone_does_not_fail_its_predecessor()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 2, new Deposited(account, 1)));
        await Database.Execute("UPDATE messaging.deferred_events SET type = 'OrderPlatform.Messaging.Testing:Gone'");

        await service.Queue.Handle(Incoming(account, 1, new Opened(account)));

        Assert.NotNull(await service.Tally(account));
        Assert.Equal(1, await Deferred());
    }

    [Fact]
    public async Task A_deferred_event_is_tried_again_although_nothing_arrives()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        await service.Queue.Handle(Incoming(account, 2, new Deposited(account, 1)));

        await service.OpenByHand(account);
        await Database.Execute("UPDATE messaging.deferred_events SET retry_at = now()");

        await Eventually.Is(async () => await service.Tally(account) is { Total: 1 });
    }

    [Fact]
    public async Task A_locked_row_holds_up_only_its_own_message()
    {
        var service = await Service().Start();
        var (locked, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await service.Queue.Handle(Incoming(locked, 1, new Opened(locked)));
        await using (await Database.Begin("UPDATE tallies SET total = total"))
        {
            var blocked = service.Queue.Handle(Incoming(locked, 2, new Deposited(locked, 1)));
            var free = service.Queue.Handle(Incoming(other, 1, new Opened(other)));

            await Assert.ThrowsAnyAsync<Exception>(() => blocked);
            await free;
        }

        Assert.NotNull(await service.Tally(other));
    }

    [Fact]
    public async Task A_very_long_exception_becomes_a_dead_letter()
    {
        await Service().With("Messaging:Retries", "0").Start();
        var account = Guid.CreateVersion7();
        Poison.Add(account, new string('x', 1_000_000));

        await Send(Message(account, 1, new Opened(account)));

        await DeadLettersBecome(1);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"accountId\":\"no guid\"}")]
    public async Task A_body_that_is_not_an_event_becomes_a_dead_letter(string body)
    {
        await Service().Start();
        var (id, properties, _) = Message(Guid.CreateVersion7(), 1, new Opened(Guid.CreateVersion7()));

        await Send((id, properties, Encoding.UTF8.GetBytes(body)));

        await DeadLettersBecome(1, $"convert_from(body, 'UTF8') = '{body}'");
    }

    [Fact]
    public async Task A_message_without_a_handler_becomes_a_dead_letter()
    {
        await Service().Start();
        var (id, properties, body) = Message(Guid.CreateVersion7(), 1, new Audited(Guid.CreateVersion7()));

        await Send((id, properties, body));

        await DeadLettersBecome(1, "source = 'skipped'");
    }

    [Fact]
    public async Task A_message_without_an_id_becomes_a_dead_letter()
    {
        await Service().Start();
        var (_, properties, body) = Message(Guid.CreateVersion7(), 1, new Opened(Guid.CreateVersion7()));
        properties.MessageId = null;

        await Send(("", properties, body));

        await DeadLettersBecome(1);
    }
}
