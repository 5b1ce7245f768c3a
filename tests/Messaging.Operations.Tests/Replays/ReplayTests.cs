using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>The effects of replayed events on their consumer.</summary>
public sealed class ReplayTests : ReplayTest
{
    [Fact]
    public async Task A_new_consumer_learns_past_events_in_order_and_continues_with_new_ones()
    {
        var accounts = await Past(20);
        var service = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        await IsConsumed(SecondConsumer.Queue);

        var replay = await Completes(service, new { queue = SecondConsumer.Queue });

        await service.Append(accounts[0], new Closed(accounts[0]));
        await Consumed(service, 20, "opened 1 2 3");
        await Eventually.Is(async () => await HistoryOf(service, accounts[0]) == "opened 1 2 3 closed");
        Assert.Equal((80, 80), (Number(replay, "sent"), Number(replay, "total")));
        Assert.Equal(0u, await Ready($"{SecondConsumer.Queue}_skipped"));
    }

    [Fact]
    public async Task A_consumer_gets_its_lost_state_back_and_no_event_takes_effect_twice()
    {
        var service = await Service().Start();
        await Past(service, 6);
        await Tallied(service, 6);
        var since = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        var lost = await Past(service, 4);
        await Tallied(service, 10);

        Assert.Equal(4 * 4, await Lose(lost, since));
        await Completes(service, new { queue = "ledger" });

        await Tallied(service, 10);
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 6 * 4);
        Assert.Equal(10 * 3, await service.Query(db => db.Tallies.SumAsync(tally => tally.Changes)));
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(10 + 4, scrape["""messaging_handled_total{queue="ledger",event="Opened"}"""]);
        Assert.Equal(30 + 12, scrape["""messaging_handled_total{queue="ledger",event="Deposited"}"""]);

        // Replayed events do not count in the delivery delay.
        Assert.Equal(10, scrape["""messaging_delivery_delay_seconds_count{queue="ledger",event="Opened"}"""]);
    }

    [Fact]
    public async Task A_replay_skips_closed_letters_and_resumes_deferred_events()
    {
        var service = await Service().With("Messaging:Retries", "0").Start();
        var since = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        var lost = await Past(service, 2);
        await Tallied(service, 2);
        // The opening of each account fails, and its three deposits wait.
        Guid[] accounts = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
        Array.ForEach(accounts, account => Poison.Add(account));
        await Past(service, accounts);
        await DeferredBecome(9);
        await DeadLettersBecome(3, "state = 'waiting'");
        Array.ForEach(accounts, Poison.Remove);
        await Close(accounts[0], "discard");
        await Close(accounts[1], "resolve");

        Assert.Equal(2 * 4, await Lose(lost, since));
        var replay = await Completes(service, new { queue = "ledger" });

        Assert.Equal(5 * 4, Number(replay, "sent"));
        await Tallied(service, 2 + 1);
        await Scrape.Becomes(service.Services, """messaging_inbox_duplicates_total{queue="ledger"}""", 2 + 9);
        Assert.Equal(
            lost.Append(accounts[2]).Order(), await service.Query(db => db.Tallies.Select(tally => tally.Id).Order().ToArrayAsync()));
        Assert.Equal(3 * 3, await service.Query(db => db.Tallies.SumAsync(tally => tally.Changes)));
        Assert.Equal(2 * 3, await Deferred());

        async Task Close(Guid account, string how)
        {
            var letter = await Database.Scalar<Guid>($"SELECT id FROM messaging.dead_letters WHERE stream = '{account}'");
            using var response = await service.Http.PostAsJsonAsync(
                $"/ops/dead-letters/{letter}/{how}", new { reason = "It must not happen", followers = "wait" }, Cancellation);
            response.EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task Events_that_happen_meanwhile_take_effect_after_those_before_them()
    {
        var accounts = await Past(40);
        var service = await Service().WithHandlers(SecondConsumer.AddTo).With("Messaging:Replays:BatchSize", "7").Start();
        await IsConsumed(SecondConsumer.Queue);

        var live = Task.WhenAll(accounts.Select(async account =>
        {
            await service.Deposit(account, 4);
            await service.Append(account, new Closed(account));
        }));
        await Completes(service, new { queue = SecondConsumer.Queue });
        await live;

        await Consumed(service, 40, "opened 1 2 3 4 closed");
        await DeferredBecome(0);
    }

    private static Task<string?> HistoryOf(SampleHost service, Guid account) =>
        service.Query(db => db.AccountHistories
            .Where(history => history.Id == account).Select(history => history.Events).SingleOrDefaultAsync());

    private static Task Tallied(SampleHost service, int accounts) =>
        Eventually.Is(async () => await service.Query(db => db.Tallies.CountAsync(tally => tally.Total == 6)) == accounts);

    /// <summary>Deletes tallies, and removes their events from the inbox as the guide says.</summary>
    /// <returns>How many events were removed.</returns>
    private async Task<long> Lose(Guid[] accounts, DateTime since)
    {
        await using var lose = Database.Source.CreateCommand("DELETE FROM tallies WHERE id = ANY ($1)");
        lose.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = accounts });
        await lose.ExecuteNonQueryAsync(Cancellation);
        var guide = Guide.Read(Path.Combine(AppContext.BaseDirectory, "guides", "replays.md"), "What to do");
        var forget = guide.After("remove these entries from the inbox");
        return await Database.Scalar<long>(forget
            .Replace("'inventory'", "'ledger'", StringComparison.Ordinal)
            .Replace("2026-01-31 12:00Z", $"{since:O}", StringComparison.Ordinal));
    }
}
