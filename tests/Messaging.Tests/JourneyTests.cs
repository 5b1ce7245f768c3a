using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests;

public sealed class JourneyTests : SampleServiceTest
{
    [Fact]
    public async Task An_appended_event_reaches_its_handler()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();

        await service.Open(account);
        await service.Deposit(account, 7);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 7 });
    }

    /// <summary>A fork may leave them out.</summary>
    [Theory]
    [InlineData("MassTransit")]
    [InlineData("RabbitMq")]
    public async Task A_service_without_Operations_publishes_handles_and_leaves_failures_in_the_error_queue(string transport)
    {
        var service = await Service().WithoutOperations().With("Messaging:Transport", transport).With("Messaging:Retries", "0").Start();
        var (account, poisoned) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Poison.Add(poisoned, "poison");

        await service.Open(account);
        await service.Open(poisoned);
        await service.Deposit(account, 7);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 7 });
        await Eventually.Is(async () => await Ready("ledger_error") == 1);
        Assert.Equal(0, await DeadLetters());
    }

    [Fact]
    public async Task A_thousand_concurrent_streams_lose_and_duplicate_no_event()
    {
        var service = await Service().Start();
        var accounts = Enumerable.Range(0, 1000).Select(_ => Guid.CreateVersion7()).ToArray();

        await Task.WhenAll(accounts.Select(async account =>
        {
            await service.Open(account);
            await service.Deposit(account, 1);
        }));

        await Eventually.Is(async () => await service.Query(db => db.Tallies.CountAsync(tally => tally.Changes == 1, Cancellation)) == 1000);
        Assert.Equal(0, await service.Query(db => db.Set<DeferredEvent>().CountAsync(Cancellation)));
        Assert.Equal(2000, await service.Query(db => db.Set<InboxEntry>().CountAsync(Cancellation)));
    }

    [Fact]
    public async Task An_event_that_is_only_recorded_is_not_published()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();

        await service.Open(account);
        await service.Append(account, new Audited(account));
        await service.Deposit(account, 1);

        await Eventually.Is(async () => await service.Tally(account) is { Total: 1 });
        Assert.Equal(3, await service.Query(db => db.Set<LoggedEvent>().CountAsync(Cancellation)));
        Assert.Null(await Broker.Ask($"exchanges/{{vhost}}/{Uri.EscapeDataString(EventTypes.NameOf(typeof(Audited)))}"));
    }

    [Fact]
    public async Task A_row_that_was_not_named_cannot_be_found()
    {
        var service = await Service().Start();

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(
            () => service.Batcher.Run(rows => rows.Add<Account>(Guid.NewGuid()), unit => unit.Find<Account>(Guid.NewGuid()), Cancellation));

        Assert.Contains("Locks does not name it", exception.Message, StringComparison.Ordinal);
    }
}
