using System.Net;
using System.Text.Json;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>Replays while they run: which events they send, their progress, and how an operator stops them.</summary>
public sealed class ReplayRunTests : ReplayTest
{
    [Fact]
    public async Task Only_requested_events_are_sent()
    {
        await Past(3);
        var begin = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        var service = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        await IsConsumed(SecondConsumer.Queue);
        var accounts = await Past(service, 3);
        var end = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        await Past(service, 3);
        await Consumed(service, 6, "opened 1 2 3");

        Assert.Equal(36, await Sent(service, new { queue = SecondConsumer.Queue }));
        Assert.Equal(9, await Sent(service, new { queue = SecondConsumer.Queue, types = Types("Opened") }));
        Assert.Equal(
            27,
            await Sent(
                service, new { queue = SecondConsumer.Queue, types = Types("OrderPlatform.Messaging.Testing:Deposited", "Closed") }));
        Assert.Equal(12, await Sent(service, new { queue = SecondConsumer.Queue, from = begin, until = end }));
        Assert.Equal(24, await Sent(service, new { queue = SecondConsumer.Queue, from = begin }));
        Assert.Equal(12, await Sent(service, new { queue = SecondConsumer.Queue, until = begin }));
        Assert.Equal(8, await Sent(service, new { queue = SecondConsumer.Queue, streams = accounts[1..] }));
        Assert.Equal(
            3,
            await Sent(
                service, new { queue = SecondConsumer.Queue, streams = accounts[..1], types = Types("Deposited"), until = end }));
        Assert.Equal(0, await Sent(service, new { queue = SecondConsumer.Queue, from = end.AddHours(1) }));
    }

    [Fact]
    public async Task Types_that_the_queue_does_not_take_are_left_out_unless_requested()
    {
        var service = await Service().WithHandlers(messaging => messaging.Handles<Opened, ConsumeOpened>(SecondConsumer.Queue)).Start();
        await Past(service, 5);
        await IsConsumed(SecondConsumer.Queue);

        var replay = await Completes(service, new { queue = SecondConsumer.Queue });

        Assert.Equal((5, 5), (Number(replay, "sent"), Number(replay, "total")));
        Assert.Equal(
            ["OrderPlatform.Messaging.Testing:Closed", "OrderPlatform.Messaging.Testing:Opened"],
            replay.GetProperty("types").EnumerateArray().Select(type => type.GetString()).Order());
    }

    [Fact]
    public async Task Pauses_resumes_at_the_same_position_and_ends_when_cancelled()
    {
        await Past(30);
        var service = await Service().WithHandlers(SecondConsumer.AddTo).Start();
        await IsConsumed(SecondConsumer.Queue);
        var job = await service.StartJob(Replays, new { queue = SecondConsumer.Queue, perSecond = 1 });
        await Eventually.Is(async () => Number(await service.Job(job), "sent") > 0);

        var paused = await Change(service, job, "pause");
        var rest = await SettledAt(service, job);
        Assert.Equal("paused", paused.GetProperty("state").GetString());
        Assert.InRange(Number(rest, "sent"), 1, 119);
        Assert.Equal(120, Number(rest, "total"));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("endedAt").ValueKind);

        // Another replay does not wait for a paused one.
        await Completes(service, new { queue = "ledger", types = Types("Opened") });
        Assert.Equal(Number(rest, "sent"), Number(await service.Job(job), "sent"));

        await Change(service, job, "resume");
        await Eventually.Is(async () => Number(await service.Job(job), "sent") > Number(rest, "sent"));
        await Change(service, job, "cancel");
        rest = await SettledAt(service, job);
        Assert.Equal("cancelled", rest.GetProperty("state").GetString());
        Assert.NotEqual(JsonValueKind.Null, rest.GetProperty("endedAt").ValueKind);
        await Eventually.Is(async () => await Inbox(SecondConsumer.Queue) == Number(rest, "sent"));
        Assert.Equal(HttpStatusCode.Conflict, (await service.Http.PostAsync($"{job}/resume", null, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Does_not_fill_a_queue_without_consumers_and_can_be_cancelled()
    {
        await Past(50);
        await Bind("idle", "OrderPlatform.Messaging.Testing:replay", ExchangeType.Direct, "idle:Deposited");
        var service = await Service()
            .With("Messaging:Replays:BatchSize", "20")
            .With("Messaging:Replays:LongestQueue", "50")
            .Start();
        var job = await service.StartJob(Replays, new { queue = "idle", types = Types("Deposited") });

        await Eventually.Is(async () => Number(await service.Job(job), "sent") == 60);
        await Eventually.Is(async () => await Ready("idle") == 60);
        await Change(service, job, "cancel");
        await Completes(service, new { queue = "ledger", types = Types("Opened") });
        Assert.Equal(60u, await Ready("idle"));
    }

    [Fact]
    public async Task Lists_replays_newest_first_with_the_operator_who_started_them()
    {
        var service = await Service().Start();
        service.Http.DefaultRequestHeaders.Add("X-Operator", "ada");
        var first = await service.StartJob(Replays, new { queue = "nowhere" });
        var second = await service.StartJob(Replays, new { queue = "ledger", perSecond = 7 });

        var items = (await service.Job(Replays)).GetProperty("items").EnumerateArray().ToArray();

        Assert.Equal([second, first], items.Select(replay => $"{Replays}/{replay.GetProperty("id")}"));
        Assert.All(items, replay => Assert.Equal("ada", replay.GetProperty("startedBy").GetString()));
        Assert.Equal(7, Number(items[0], "perSecond"));
        Assert.Equal(HttpStatusCode.NotFound, (await service.Http.GetAsync($"{Replays}/{Guid.NewGuid()}", Cancellation)).StatusCode);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await service.Http.PostAsync($"{Replays}/{Guid.NewGuid()}/pause", null, Cancellation)).StatusCode);
    }
}
