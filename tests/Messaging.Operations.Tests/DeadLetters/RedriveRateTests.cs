namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>Messages are redriven at a steady rate and in small batches.</summary>
public sealed class RedriveRateTests : DeadLetterTest
{
    [Fact]
    public async Task After_an_outage_overdue_messages_go_no_faster_than_their_rate()
    {
        await Stop(await Service().Start());
        await Insert(1, 60);
        await Database.Execute(
            """
            WITH redrive AS (
                INSERT INTO messaging.redrives (id, per_second, next_at) VALUES (gen_random_uuid(), 30, now() - interval '1 hour')
                RETURNING id)
            UPDATE messaging.dead_letters
            SET state = 'scheduled', redrive_kind = 'operator', redrive_id = redrive.id, redrive_at = now() - interval '1 hour'
            FROM redrive
            """);

        await Service().Start();
        await Service().Start();

        await DeadLettersBecome(60, "state IN ('redriven', 'resolved')");
        // At most 10 of the 60 are due at once, however late the two instances start: the others take (60 - 10) / 30 seconds.
        Assert.True(await Database.Scalar<decimal>(
            "SELECT extract(epoch FROM max(redriven_at) - min(redriven_at)) FROM messaging.dead_letters") > 1.66m);
        Assert.InRange(
            await Database.Scalar<long>(
                """
                SELECT max((
                    SELECT count(*) FROM messaging.dead_letters o
                    WHERE o.redriven_at >= l.redriven_at AND o.redriven_at < l.redriven_at + interval '1 second'))
                FROM messaging.dead_letters l
                """),
            1,
            // In one second: the 30 that are due in it, those that had gathered before, and one more.
            40);
    }

    [Fact]
    public async Task Large_messages_are_not_all_published_in_one_transaction()
    {
        var service = await Service().Start();
        await Insert(1, 4);
        await Database.Execute(
            "UPDATE messaging.dead_letters SET body = convert_to(rpad('{\"accountId\":\"', 3 * 1024 * 1024, 'x') || '\"}', 'UTF8')");

        await Post(service, "/redrives", new { filter = new { }, perSecond = 10_000 });

        await DeadLettersBecome(0, "redriven_at IS NULL");
        Assert.Equal(2, await Database.Scalar<long>("SELECT count(DISTINCT redriven_at) FROM messaging.dead_letters"));
    }
}
