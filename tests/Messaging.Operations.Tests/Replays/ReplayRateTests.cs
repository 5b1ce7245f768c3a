using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.Replays;

/// <summary>A replay to a queue without consumers is limited by its length, or by a rate if the broker does not reveal it.</summary>
public sealed class ReplayRateTests : SampleServiceTest
{
    private const string Queue = "idle";

    private static readonly string[] Types = ["Deposited"];

    [Theory]
    [InlineData(null, 40)]
    [InlineData(60, 60)]
    public async Task Runs_at_a_rate_where_the_broker_does_not_reveal_the_length(int? perSecond, int effective)
    {
        await using var proxy = await Proxy();
        var service = await Start(proxy);
        await Deposit(service, 90);
        proxy.Activates = true;

        var job = await service.StartJob("/ops/replays", new { queue = Queue, types = Types, perSecond });
        var replay = await service.JobBecomes(job, "completed");

        Assert.Equal(90u, await Ready(Queue));
        Assert.Equal(effective, replay.GetProperty("effectivePerSecond").GetInt32());
        AssertTook(replay.GetProperty("startedAt").GetDateTimeOffset(), replay, events: 90, effective);
        Assert.Equal(1, proxy.Count);
    }

    [Fact]
    public async Task Continues_at_a_rate_when_the_broker_no_longer_reveals_the_length()
    {
        await using var proxy = await Proxy();
        var service = await Start(proxy);
        await Deposit(service, 150);
        var job = await service.StartJob("/ops/replays", new { queue = Queue, types = Types });
        await Eventually.Is(async () => Sent(await service.Job(job)) == 60);
        Assert.Equal(JsonValueKind.Null, (await service.Job(job)).GetProperty("effectivePerSecond").ValueKind);

        var refusal = await Database.Scalar<DateTime>("SELECT clock_timestamp()");
        proxy.Activates = true;
        var replay = await service.JobBecomes(job, "completed");

        Assert.Equal(150, Sent(replay));
        Assert.Equal(40, replay.GetProperty("effectivePerSecond").GetInt32());
        AssertTook(refusal, replay, events: 90, perSecond: 40);
    }

    [Fact]
    public async Task Waits_while_the_queue_is_long_even_if_the_broker_closes_the_channel_that_asks_for_its_length()
    {
        await using var proxy = await Proxy();
        var service = await Start(proxy);
        await Deposit(service, 90);
        var job = await service.StartJob("/ops/replays", new { queue = Queue, types = Types });
        await Eventually.Is(async () => Sent(await service.Job(job)) == 60);

        proxy.CloseNext();
        var asked = proxy.Count;
        await Eventually.Is(() => proxy.Count > asked + 5);

        Assert.Equal(60, Sent(await service.Job(job)));
        Assert.Equal(60u, await Ready(Queue));
    }

    [Fact]
    public async Task A_batch_that_waits_for_its_turn_is_not_sent_after_a_cancellation()
    {
        await using var proxy = await Proxy();
        var service = await Start(proxy);
        await Deposit(service, 10);
        var job = await service.StartJob("/ops/replays", new { queue = Queue, types = Types, perSecond = 1 });
        await Eventually.Is(async () => Sent(await service.Job(job)) >= 1);
        var asked = proxy.Count;
        await Eventually.Is(() => proxy.Count > asked);

        using var cancelled = await service.Http.PostAsync($"{job}/cancel", null, Cancellation);
        var sent = Sent(await cancelled.Content.ReadFromJsonAsync<JsonElement>(Cancellation));
        var next = await service.StartJob("/ops/replays", new { queue = Queue, types = Types });
        await service.JobBecomes(next, "completed");

        Assert.Equal(sent, Sent(await service.Job(job)));
        Assert.Equal(sent + 10, await Ready(Queue));
    }

    /// <summary>To the broker, as a user who may read the queue, as newer brokers require, but not configure it.</summary>
    private async Task<InspectionProxy> Proxy()
    {
        await Bind(Queue, "OrderPlatform.Messaging.Testing:replay", ExchangeType.Direct, $"{Queue}:Deposited");
        const string AnythingElse = $"^(?!{Queue}$)";
        return new InspectionProxy(await Broker.AddUser(configure: AnythingElse, write: AnythingElse, read: ".*"), Queue);
    }

    private Task<SampleHost> Start(InspectionProxy proxy) => Service()
        .WithBroker(proxy.Uri)
        .WithHttp()
        .With("Messaging:Replays:BatchSize", "20")
        .With("Messaging:Replays:LongestQueue", "50")
        .With("Messaging:Replays:PerSecondWithoutQueueLength", "40")
        .Start();

    private static async Task Deposit(SampleHost service, int count)
    {
        var account = Guid.CreateVersion7();
        await service.Open(account);
        for (var amount = 1; amount <= count; amount++)
            await service.Deposit(account, amount);
    }

    private static long Sent(JsonElement replay) => replay.GetProperty("sent").GetInt64();

    /// <summary>Fails unless it took as long as the rate requires; the events of the first quarter of a second go at once.</summary>
    private static void AssertTook(DateTimeOffset since, JsonElement replay, int events, int perSecond) => Assert.InRange(
        replay.GetProperty("endedAt").GetDateTimeOffset() - since,
        TimeSpan.FromSeconds((double)events / perSecond - 0.25),
        Eventually.Guard);
}
