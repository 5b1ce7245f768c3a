using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>A redrive of many can be watched and stopped.</summary>
public sealed class RedriveCancelTests : DeadLetterTest
{
    [Fact]
    public async Task Unsent_letters_of_a_cancelled_redrive_wait_again()
    {
        var service = await Service().Start();
        await Insert(1, 20);
        await Insert(21, 5, type: "Deposited");
        var answer = (await Post(
            service, "/redrives", new { filter = new { type = "Opened" }, perSecond = 0.1, reason = "try them" })).Body;
        var other = (await Post(
            service, "/redrives", new { filter = new { type = "Deposited" }, perSecond = 0.001, reason = "the others" }, "bert")).Body;
        var id = answer.GetProperty("id").GetGuid();
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") > 0);
        var redrives = await Redrives(service);
        Assert.Equal([id, other.GetProperty("id").GetGuid()], redrives.Select(redrive => redrive.GetProperty("id").GetGuid()));
        Assert.Equal(["anna try them 0.1", "bert the others 0.001"], redrives.Select(redrive =>
            $"{redrive.GetProperty("by").GetString()} {redrive.GetProperty("reason").GetString()} {redrive.GetProperty("perSecond")}"));
        Assert.InRange(redrives[0].GetProperty("scheduled").GetInt64(), 1, 19);
        Assert.Equal(answer.GetProperty("lastAt").GetDateTimeOffset(), redrives[0].GetProperty("lastAt").GetDateTimeOffset());

        var (status, cancelled) = await Post(service, $"/redrives/{id}/cancel", new { reason = "not repaired yet" }, "bert");

        Assert.Equal(200, status);
        var count = cancelled.GetProperty("cancelled").GetInt64();
        Assert.InRange(count, 1, 19);
        await Eventually.Is(async () => await DeadLetters("state = 'resolved'") == 20 - count);
        Assert.Equal(count, await DeadLetters("state = 'waiting' AND redrive_id IS NULL AND type_name = 'Opened'"));
        Assert.Equal(count, await Database.Scalar<long>(
            "SELECT count(*) FROM messaging.dead_letter_actions WHERE action = 'cancel' AND who = 'bert' AND reason = 'not repaired yet'"));
        Assert.Equal(5, await DeadLetters("redrive_id IS NOT NULL AND type_name = 'Deposited'"));
        Assert.Equal([other.GetProperty("id").GetGuid()], (await Redrives(service)).Select(redrive => redrive.GetProperty("id").GetGuid()));

        // They are redriven like any others.
        await Post(service, "/redrives", new { filter = new { type = "Opened" } });
        await DeadLettersBecome(20, "state = 'resolved'");
    }

    [Fact]
    public async Task Ended_and_automatic_redrives_cannot_be_cancelled()
    {
        var service = await Service().Start();
        await Insert(1, 2);
        var id = (await Post(service, "/redrives", new { filter = new { }, perSecond = 0.001 })).Body.GetProperty("id").GetGuid();

        Assert.Equal(200, (await Post(service, $"/redrives/{id}/cancel", new { })).Status);

        foreach (var over in (Guid[])[id, Guid.NewGuid(), Guid.Empty])
        {
            var (status, problem) = await Post(service, $"/redrives/{over}/cancel", new { });
            Assert.Equal((409, "redrive-over"), (status, problem.GetProperty("code").GetString()));
        }
    }

    private static async Task<JsonElement[]> Redrives(SampleHost service) =>
    [
        .. (await service.Http.GetFromJsonAsync<JsonElement>("/ops/dead-letters/redrives", Cancellation))
            .GetProperty("items").EnumerateArray(),
    ];
}
