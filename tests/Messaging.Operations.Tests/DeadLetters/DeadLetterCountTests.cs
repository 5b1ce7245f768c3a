using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>All dead letters of a service, counted: in metrics, in groups and in its status.</summary>
public sealed class DeadLetterCountTests : DeadLetterTest
{
    [Fact]
    public async Task Gauges_count_dead_letters_by_queue_and_state()
    {
        var service = await Service().Start();
        string[] states = ["waiting", "scheduled", "redriven", "resolved", "discarded"];
        var scrape = await Scrape.Of(service.Services);
        Assert.Equal(states.Order(), scrape.Labels("messaging_dead_letters")["state"].Order());
        Assert.Equal(0, scrape["""messaging_redrives_total{queue="ledger",kind="automatic"}"""]);
        await Scrape.Becomes(service.Services, """messaging_dead_letters{queue="ledger",state="waiting"}""", 0);

        await Insert(1, 3);
        await Insert(4, 2, state: "discarded");

        await Scrape.Becomes(service.Services, """messaging_dead_letters{queue="ledger",state="waiting"}""", 3);
        await Scrape.Becomes(service.Services, """messaging_dead_letters{queue="ledger",state="discarded"}""", 2);
        Assert.Equal(0, (await Scrape.Of(service.Services))["""messaging_dead_letters{queue="ledger",state="scheduled"}"""]);
    }

    [Fact]
    public async Task Groups_show_the_first_and_the_last_failure()
    {
        var service = await Service().Start();
        await Insert(1, 3);
        await Database.Execute(
            """
            UPDATE messaging.dead_letters AS letter SET first_failed_at = first, last_failed_at = last
            FROM (VALUES
                ('poison 1', '2026-01-02Z'::timestamptz, '2026-01-02Z'::timestamptz),
                ('poison 2', '2026-01-01Z', '2026-01-03Z'),
                ('poison 3', '2026-01-02Z', '2026-01-04Z')) AS failures (message, first, last)
            WHERE exception_message = message
            """);

        var group = Assert.Single((await Get(service, "/groups")).GetProperty("items").EnumerateArray());

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), group.GetProperty("oldest").GetDateTimeOffset());
        Assert.Equal(new DateTimeOffset(2026, 1, 4, 0, 0, 0, TimeSpan.Zero), group.GetProperty("newest").GetDateTimeOffset());
    }

    [Fact]
    public async Task The_status_also_counts_dead_letters_of_queues_that_the_service_no_longer_has()
    {
        var service = await Service().Start();
        await Insert(1, 3);
        await Insert(4, 2, state: "discarded");
        await Insert(6, 1);
        await Database.Execute(
            "UPDATE messaging.dead_letters SET queue = 'ledger_gone' WHERE exception_message IN ('poison 1', 'poison 4')");
        await Database.Execute("UPDATE messaging.dead_letters SET queue = 'a_first' WHERE exception_message = 'poison 2'");

        var status = await service.Http.GetFromJsonAsync<JsonElement>("/ops/status", Cancellation);

        Assert.Equal(
            ["a_first waiting 1", "ledger waiting 2", "ledger discarded 1", "ledger_gone waiting 1", "ledger_gone discarded 1"],
            status.GetProperty("deadLetters").EnumerateArray().Select(letters =>
                $"{letters.GetProperty("queue").GetString()} {letters.GetProperty("state").GetString()} {letters.GetProperty("count")}"));
    }
}
