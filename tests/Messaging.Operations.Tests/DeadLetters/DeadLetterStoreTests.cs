using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterStoreTests : DeadLetterTest
{
    [Fact]
    public async Task A_failed_message_is_filed_with_all_that_is_known_and_leaves_the_broker()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        Poison.Add(account);
        var message = Message(account, 1, new Opened(account));

        await Send(message);

        var letter = await (await Filed(service)).Read();
        Assert.Equal("ledger", letter.GetProperty("queue").GetString());
        Assert.Equal("error", letter.GetProperty("source").GetString());
        Assert.Equal(message.Id, letter.GetProperty("messageId").GetString());
        Assert.Equal("OrderPlatform.Messaging.Testing:Opened", letter.GetProperty("type").GetString());
        Assert.Equal(account.ToString(), letter.GetProperty("stream").GetString());
        Assert.Equal(1, letter.GetProperty("sequence").GetInt32());
        Assert.Equal(account.ToString(), letter.GetProperty("correlationId").GetString());
        Assert.Equal("TallyOpening", letter.GetProperty("handler").GetString());
        Assert.Equal("System.InvalidOperationException", letter.GetProperty("exceptionType").GetString());
        Assert.Equal("poison", letter.GetProperty("exceptionMessage").GetString());
        Assert.Contains("TallyOpening", letter.GetProperty("exceptionStack").GetString(), StringComparison.Ordinal);
        Assert.Equal($$"""{"accountId":"{{account}}"}""", letter.GetProperty("body").GetString());
        Assert.Equal("waiting", letter.GetProperty("state").GetString());
        Assert.Equal(1, letter.GetProperty("attempts").GetInt32());
        Assert.Equal("fault", letter.GetProperty("headers").GetProperty("MT-Reason").GetString());
        await Stop(service);
        Assert.Equal(0u, await Ready("ledger_error"));
    }

    [Fact]
    public async Task While_the_database_is_unavailable_nothing_leaves_the_error_queue()
    {
        var service = await Service().Start();
        await IsConsumed("ledger_error");
        await using (await Database.Unreachable())
        {
            await SendTo(
                "ledger_error",
                [.. Enumerable.Range(1, 5).Select(i => Failed(Guid.CreateVersion7(), i, new Opened(Guid.CreateVersion7())))]);
            await Eventually.Is(async () => await Ready("ledger_error") == 0);

            await Stop(service);

            await Eventually.Is(async () => await Ready("ledger_error") == 5);
        }

        await Service().Start();
        await DeadLettersBecome(5, "state = 'waiting' AND attempts = 1");
        await Eventually.Is(async () => await Ready("ledger_error") == 0);
    }

    [Fact]
    public async Task A_message_lost_between_filing_and_acknowledging_is_filed_once()
    {
        var service = await Service().Start();
        await using (await Database.Begin("LOCK TABLE messaging.dead_letters IN SHARE MODE"))
        {
            var account = Guid.CreateVersion7();
            await SendTo("ledger_error", Failed(account, 1, new Opened(account)), Failed(account, 2, new Opened(account)));
            await Eventually.Is(async () => await Ready("ledger_error") == 0);

            // The filing will commit, and cannot acknowledge.
            await Eventually.Is(async () =>
            {
                await Broker.CloseConnections();
                return await Ready("ledger_error") == 2;
            });
        }

        await Eventually.Is(async () => await Consumers("ledger_error") > 0 && await InBroker("ledger_error") == 0);
        Assert.Equal(2, await DeadLetters("attempts = 1"));
        Assert.Equal(2, await DeadLetters());
    }

    [Fact]
    public async Task Failing_again_is_counted_in_its_own_row()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        var first = (await letter.Read()).GetProperty("firstFailedAt").GetDateTimeOffset();
        Poison.Add(account, "still poison");

        await letter.Redrive();

        await letter.Becomes("waiting", attempts: 2);
        var again = await letter.Read();
        Assert.Equal("still poison", again.GetProperty("exceptionMessage").GetString());
        Assert.Equal(first, again.GetProperty("firstFailedAt").GetDateTimeOffset());
        Assert.True(again.GetProperty("lastFailedAt").GetDateTimeOffset() > first);
        Assert.Equal(["anna redrive", "ledger redriven", "ledger failed"], await letter.Actions());
        Assert.Single(await List(service));
    }

    [Fact]
    public async Task Each_failed_copy_is_counted_and_a_redelivered_one_is_not()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var first = Failed(account, 1, new Opened(account), DateTimeOffset.UtcNow);
        var second = Failed(account, 1, new Opened(account), DateTimeOffset.UtcNow.AddSeconds(1));
        second.Properties.MessageId = first.Properties.MessageId;

        await SendTo("ledger_error", first, first, second, second, Failed(account, 2, new Opened(account)));

        await DeadLettersBecome(2);
        await DeadLettersBecome(1, "attempts = 2");
        await Stop(service);
        Assert.Equal(1, await DeadLetters("attempts = 2"));
    }

    [Fact]
    public async Task A_message_that_cannot_be_filed_stays_and_does_not_hold_up_others()
    {
        var service = await Service().Start();
        await Database.Execute("ALTER TABLE messaging.dead_letters ADD CHECK (sequence <> 3)");

        await SendTo(
            "ledger_error",
            [.. Enumerable.Range(1, 5).Select(i => Failed(Guid.CreateVersion7(), i, new Opened(Guid.CreateVersion7())))]);

        await DeadLettersBecome(4);
        await Stop(service);
        Assert.Equal(1u, await Ready("ledger_error"));
    }

    [Fact]
    public async Task A_message_that_the_broker_gave_up_on_is_filed_with_its_reason()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();
        var message = Message(account, 1, new Opened(account));
        message.Properties.Headers!["x-death"] = new List<object?>
        {
            new Dictionary<string, object?> { ["reason"] = "delivery_limit", ["time"] = new AmqpTimestamp(1_700_000_000) },
        };

        var letter = await PutInErrorQueue(service, message);

        var read = await letter.Read();
        Assert.Equal("The broker gave up: delivery_limit.", read.GetProperty("exceptionMessage").GetString());
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), read.GetProperty("firstFailedAt").GetDateTimeOffset());
        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="Opened"}""", 1);
        await letter.Redrive();
        await Eventually.Is(async () => await service.Tally(account) is not null);
    }

    [Fact]
    public async Task A_failure_that_was_counted_is_not_counted_again_when_it_is_filed()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();

        await SendTo("ledger_error", Failed(account, 2, new Deposited(account, 1)), Message(account, 1, new Opened(account)));

        await Scrape.Becomes(service.Services, """messaging_dead_letters_total{queue="ledger",event="Opened"}""", 1);
        Assert.Equal(2, await DeadLetters());
        Assert.Equal(0, (await Scrape.Of(service.Services))["""messaging_dead_letters_total{queue="ledger",event="Deposited"}"""]);
    }

    /// <summary>Messages in a queue, including unacknowledged ones, by the broker's statistics, which lag behind.</summary>
    private async Task<int> InBroker(string queue) =>
        (await Broker.Ask($"queues/{{vhost}}/{queue}"))!.Value.TryGetProperty("messages", out var messages) ? messages.GetInt32() : -1;
}
