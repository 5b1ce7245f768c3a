using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Operations.Tests.History;

/// <summary><c>GET /ops/events</c>, on a service that has no broker.</summary>
public sealed class EventListTests : SampleServiceTest
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    protected override SampleServiceBuilder Service() => base.Service().WithHttp().WithBroker(TestBroker.Nowhere);

    [Fact]
    public async Task Lists_the_events_of_a_stream_the_newest_first_in_pages()
    {
        var service = await Service().Start();
        var account = await OpenAndClose(service);
        await OpenAndClose(service);

        var events = await Pages(service, $"stream={account}&limit=3");

        Assert.Equal(
            ["Closed", "Audited", "Deposited", "Opened"], events.Select(e => e.GetProperty("type").GetString()!.Split(':')[1]));
        Assert.Equal([4, 3, 2, 1], events.Select(e => e.GetProperty("sequence").GetInt32()));
        Assert.Equal(7, events[2].GetProperty("data").GetProperty("amount").GetInt32());
    }

    [Fact]
    public async Task Lists_every_event_once_while_new_ones_happen()
    {
        var service = await Service().Start();
        for (var n = 0; n < 6; n++)
            await service.Open(Guid.CreateVersion7());

        var events = await Pages(service, "limit=2", () => service.Open(Guid.CreateVersion7()));

        Assert.Equal(6, events.Count);
        var positions = events.Select(e => e.GetProperty("position").GetInt64()).ToArray();
        Assert.Equal(positions.Distinct().OrderDescending(), positions);
    }

    [Theory]
    [InlineData("Closed")]
    [InlineData("OrderPlatform.Messaging.Testing:Closed")]
    public async Task Lists_by_type_and_time(string type)
    {
        var service = await Service().Start();
        var first = await OpenAndClose(service);
        await service.Open(Guid.CreateVersion7());
        var second = await OpenAndClose(service);
        var (closed, later) = (await TimeOfEnd(first), await TimeOfEnd(second));

        Assert.Equal([second, first], await Streams($"type={type}&since={closed:O}"));
        Assert.Equal([first], await Streams($"type={type}&since={closed:O}&until={later:O}"));
        Assert.Equal([second], await Streams($"type={type}&since={closed.AddMicroseconds(1):O}"));
        Assert.Empty(await Streams($"type={type}&since={later.AddHours(1):O}"));
        Assert.Equal([first], await Streams($"type={type}&stream={first}"));

        async Task<DateTimeOffset> TimeOfEnd(Guid account) =>
            (await Pages(service, $"stream={account}"))[0].GetProperty("occurredAt").GetDateTimeOffset();
        async Task<IEnumerable<Guid>> Streams(string query) =>
            (await Pages(service, query)).Select(e => e.GetProperty("stream").GetGuid());
    }

    [Fact]
    public async Task Finds_events_by_time_in_a_log_with_gaps()
    {
        var service = await ServiceWithHours();

        foreach (var hour in (int[])[0, 1, 17, 500, 998, 999])
        {
            var since = Begin.AddHours(hour);
            var page = await Hours(service, $"since={since:O}&until={since.AddHours(1):O}");
            Assert.Equal(hour % 7 == 3 ? [] : [hour], page);
        }

        Assert.Empty(await Hours(service, $"until={Begin:O}"));
    }

    [Fact]
    public async Task Accepts_the_earliest_and_latest_times()
    {
        var service = await ServiceWithHours();
        var (first, last) = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z");

        Assert.Equal(
            (await Hours(service, "limit=200")).Count(), (await Hours(service, $"limit=200&since={first}&until={last}")).Count());
        Assert.Empty(await Hours(service, $"since={last}"));
        Assert.Empty(await Hours(service, $"until={first}"));
    }

    private static async Task<Guid> OpenAndClose(SampleHost service)
    {
        var account = Guid.CreateVersion7();
        await service.Open(account);
        await service.Deposit(account, 7);
        await service.Append(account, new Audited(account));
        await service.Append(account, new Closed(account));
        return account;
    }

    /// <summary>Its log has a thousand hours with one event each, except every seventh, which is a gap.</summary>
    private async Task<SampleHost> ServiceWithHours()
    {
        var service = await Service().Start();
        await using var command = Database.Source.CreateCommand(
            """
            INSERT INTO messaging.event_log (position, event_id, stream, sequence, type, data, correlation_id, occurred_at)
            OVERRIDING SYSTEM VALUE
            SELECT 1000 + n * 10, gen_random_uuid(), 'hour ' || n, 1, 'Any:Thing', '{}', gen_random_uuid(), $1 + n * interval '1 hour'
            FROM generate_series(0, 999) AS n
            WHERE n % 7 <> 3
            """);
        command.Parameters.Add(new Npgsql.NpgsqlParameter<DateTimeOffset> { TypedValue = Begin });
        await command.ExecuteNonQueryAsync(Cancellation);
        return service;
    }

    private static async Task<IEnumerable<int>> Hours(SampleHost service, string query)
    {
        var page = await Page(service, query);
        return page.GetProperty("items").EnumerateArray().Select(e => int.Parse(e.GetProperty("stream").GetString()![5..], null));
    }

    private static async Task<List<JsonElement>> Pages(SampleHost service, string query, Func<Task>? meanwhile = null)
    {
        var events = new List<JsonElement>();
        for (long? after = null; ;)
        {
            var page = await Page(service, $"{query}{(after is null ? "" : $"&after={after}")}");
            events.AddRange(page.GetProperty("items").EnumerateArray());
            if (page.GetProperty("next").ValueKind == JsonValueKind.Null)
                return events;
            after = page.GetProperty("next").GetInt64();
            await (meanwhile?.Invoke() ?? Task.CompletedTask);
        }
    }

    private static Task<JsonElement> Page(SampleHost service, string query) =>
        service.Http.GetFromJsonAsync<JsonElement>($"/ops/events?{query.Replace("+", "%2B", StringComparison.Ordinal)}", Cancellation);
}
