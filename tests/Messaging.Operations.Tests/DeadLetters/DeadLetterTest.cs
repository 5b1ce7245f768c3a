using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Inbox;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>A ledger whose messages fail at once, and an operator who looks after them.</summary>
public abstract class DeadLetterTest : SampleServiceTest
{
    protected const string Quick = "00:00:00.100";

    private protected Task<SampleHost> StartApp(params (string Key, string Value)[] settings) => StartApp(Broker.Uri, settings);

    private protected Task<SampleHost> StartApp(Uri broker, params (string Key, string Value)[] settings) => StartWebService(
        broker,
        [
            ("Messaging:Retries", "0"),
            ("Messaging:DeadLetters:SweepInterval", Quick),
            ("Messaging:DeadLetters:RedriveInterval", Quick),
            ("Messaging:SampleInterval", Quick),
            ("Messaging:DeferredRetryInterval", Quick),
            .. settings,
        ]);

    /// <summary>Sends an event that fails, and waits until it is filed.</summary>
    private protected async Task<(Guid Id, string MessageId)> Fail(SampleHost ledger, Guid account, int sequence = 1, object? @event = null)
    {
        Poison.Add(account);
        var message = Message(account, sequence, @event ?? new Opened(account));
        await Send(message);
        await Eventually.Is(async () => (await List(ledger, $"text={message.Id}")).Length == 1);
        return ((await List(ledger, $"text={message.Id}"))[0].GetProperty("id").GetGuid(), message.Id);
    }

    private protected static async Task<JsonElement[]> List(SampleHost ledger, string query = "") =>
        [.. (await Get(ledger, $"?{query}")).GetProperty("items").EnumerateArray()];

    private protected static Task<JsonElement> Get(SampleHost ledger, Guid id) => Get(ledger, $"/{id}");

    private protected static Task<JsonElement> Get(SampleHost ledger, string path) =>
        ledger.Http.GetFromJsonAsync<JsonElement>($"/ops/dead-letters{path}", Cancellation);

    private protected static Task<(int Status, JsonElement Body)> Post(SampleHost ledger, string path, object body, string who = "anna") =>
        Send(ledger, HttpMethod.Post, path, JsonSerializer.Serialize(body), who);

    private protected static async Task<(int Status, JsonElement Body)> Send(
        SampleHost ledger, HttpMethod method, string path, string body, string? who = null)
    {
        using var request = new HttpRequestMessage(method, $"/ops/dead-letters{path}")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (who is not null)
            request.Headers.TryAddWithoutValidation("X-Operator", who);
        using var response = await ledger.Http.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation));
    }

    private protected static Task<(int Status, JsonElement Body)> Redrive(SampleHost ledger, Guid id, string who = "anna") =>
        Post(ledger, $"/{id}/redrive", new { }, who);

    private protected static Task Becomes(SampleHost ledger, Guid id, string state, int? attempts = null) => Eventually.Is(
        async () =>
        {
            var letter = await Get(ledger, id);
            return letter.GetProperty("state").GetString() == state
                && (attempts is null || letter.GetProperty("attempts").GetInt32() == attempts);
        },
        description: $"{id} is {state} {attempts}");

    /// <summary>What was done, as <c>who action</c>.</summary>
    private protected static async Task<string[]> Actions(SampleHost ledger, Guid id) =>
    [
        .. (await Get(ledger, id)).GetProperty("actions").EnumerateArray()
            .Select(action => $"{action.GetProperty("who").GetString()} {action.GetProperty("action").GetString()}"),
    ];

    /// <summary>A queue that gets what is published to the ledger's.</summary>
    private protected async Task Eavesdrop()
    {
        await using var connection = await Connect();
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        await channel.QueueDeclareAsync("copies", durable: true, exclusive: false, autoDelete: false, cancellationToken: Cancellation);
        await channel.QueueBindAsync("copies", "ledger", "", cancellationToken: Cancellation);
    }

    /// <summary>A message as it is in the error queue.</summary>
    protected static (string Id, BasicProperties Properties, byte[] Body) Failed(
        Guid account, int sequence, object @event, DateTimeOffset? at = null)
    {
        var message = Message(account, sequence, @event);
        message.Properties.Headers!["MT-Reason"] = "fault";
        message.Properties.Headers["MT-Fault-ExceptionType"] = "System.InvalidOperationException";
        message.Properties.Headers["MT-Fault-Message"] = "poison";
        message.Properties.Headers["MT-Fault-Timestamp"] = (at ?? DateTimeOffset.UtcNow).ToString("O");
        return message;
    }

    private protected static Task<int> Deferred(SampleHost ledger) => ledger.Query(db => db.Set<DeferredEvent>().CountAsync(Cancellation));

    /// <summary>Dead letters, as if they had been filed: openings, each of its own account, that would succeed now.</summary>
    protected Task Insert(
        int first, int count, string type = "Opened", string exception = "System.InvalidOperationException", string state = "waiting") =>
        Execute(
            $$"""
            INSERT INTO messaging.dead_letters (
                id, queue, source, message_key, message_id, event_id, type, stream, sequence, handler, exception_type, exception_message,
                fault_at, first_failed_at, last_failed_at, state, properties, headers, body)
            SELECT
                gen_random_uuid(), 'ledger', 'error', event_id::text, event_id::text, event_id, type, account::text, 1, 'TallyOpening',
                '{{exception}}', 'poison ' || n, at, at, at, '{{state}}',
                json_build_object('messageId', event_id, 'correlationId', account, 'contentType', 'application/json'),
                json_build_object(
                    'MT-MessageType', 'urn:message:' || type, 'stream', account, 'sequence', 1, 'occurred-at', at, 'MT-Reason', 'fault'),
                convert_to(json_build_object('accountId', account, 'amount', 1)::text, 'UTF8')
            FROM (
                SELECT n, 'OrderPlatform.Messaging.Testing:{{type}}' AS type, gen_random_uuid() AS account,
                       overlay(gen_random_uuid()::text PLACING left(messaging.first_id(now())::text, 13) FROM 1)::uuid AS event_id,
                       now() - interval '1 hour' + n * interval '1 millisecond' AS at
                FROM generate_series({{first}}, {{first + count - 1}}) AS n) AS letters
            """);

    /// <summary>However long it takes.</summary>
    protected async Task Execute(string sql)
    {
        await using var command = Database.Source.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
