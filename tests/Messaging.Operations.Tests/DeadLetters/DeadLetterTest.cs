using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>A service that does not retry failed messages, and an operator who looks after its dead letters.</summary>
public abstract class DeadLetterTest(SharedSampleService? shared = null) : SampleServiceTest(shared)
{
    private const string Path = "/ops/dead-letters";

    protected override SampleServiceBuilder Service() => base.Service().WithHttp().With("Messaging:Retries", "0");

    /// <summary>Starts a service, makes the opening of an account fail, and repairs the cause.</summary>
    private protected async Task<Letter> DeadLetter(Guid account)
    {
        var letter = await Fail(await Service().Start(), account);
        Poison.Remove(account);
        return letter;
    }

    /// <summary>Sends an event that fails, and waits until it is a dead letter.</summary>
    private protected async Task<Letter> Fail(SampleHost service, Guid account, int sequence = 1, object? @event = null)
    {
        Poison.Add(account);
        var message = Message(account, sequence, @event ?? new Opened(account));
        await Send(message);
        return await Filed(service, $"text={message.Id}");
    }

    /// <summary>Puts a message into the error queue, and waits until it is a dead letter.</summary>
    private protected async Task<Letter> PutInErrorQueue(SampleHost service, (string Id, BasicProperties Properties, byte[] Body) message)
    {
        await SendTo("ledger_error", message);
        return await Filed(service, $"text={message.Id}");
    }

    /// <summary>Waits until a query finds one dead letter.</summary>
    private protected static async Task<Letter> Filed(SampleHost service, string query = "")
    {
        JsonElement[] found = [];
        await Eventually.Is(async () => (found = await List(service, query)).Length == 1, $"one dead letter has {query}");
        return new Letter(service, found[0].GetProperty("id").GetGuid());
    }

    private protected static async Task<JsonElement[]> List(SampleHost service, string query = "") =>
        [.. (await Get(service, $"?{query}")).GetProperty("items").EnumerateArray()];

    private protected static Task<JsonElement> Get(SampleHost service, string path) =>
        service.Http.GetFromJsonAsync<JsonElement>($"{Path}{path}", Cancellation);

    private protected static Task<(int Status, JsonElement Body)> Post(SampleHost service, string path, object body, string who = "anna") =>
        Send(service, HttpMethod.Post, path, JsonSerializer.Serialize(body), who);

    private protected static async Task<(int Status, JsonElement Body)> Send(
        SampleHost service, HttpMethod method, string path, string body, string? who = null)
    {
        using var request = new HttpRequestMessage(method, $"{Path}{path}")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (who is not null)
            request.Headers.TryAddWithoutValidation("X-Operator", who);
        using var response = await service.Http.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation));
    }

    /// <summary>A message as it is in the error queue.</summary>
    protected static (string Id, BasicProperties Properties, byte[] Body) Failed(
        Guid account, int sequence, object @event, DateTimeOffset? at = null, Guid? eventId = null)
    {
        var message = Message(account, sequence, @event, eventId);
        message.Properties.Headers!["MT-Reason"] = "fault";
        message.Properties.Headers["MT-Fault-ExceptionType"] = "System.InvalidOperationException";
        message.Properties.Headers["MT-Fault-Message"] = "poison";
        message.Properties.Headers["MT-Fault-Timestamp"] = (at ?? DateTimeOffset.UtcNow).ToString("O");
        return message;
    }

    /// <summary>Inserts dead letters, each of a different account, that would succeed now.</summary>
    protected Task Insert(
        int first, int count, string type = "Opened", string exception = "System.InvalidOperationException", string state = "waiting") =>
        Database.Execute(
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

    /// <summary>A dead letter.</summary>
    /// <param name="Service">The instance that the operator's requests go to.</param>
    /// <param name="Id">Its id.</param>
    private protected sealed record Letter(SampleHost Service, Guid Id)
    {
        public Task<JsonElement> Read() => Get(Service, $"/{Id}");

        /// <summary>Reads the id of the event that failed.</summary>
        public async Task<Guid> EventId() => (await Read()).GetProperty("messageId").GetGuid();

        public async Task<string?> State() => (await Read()).GetProperty("state").GetString();

        /// <summary>Lists the actions so far, as <c>who action</c>.</summary>
        public async Task<string[]> Actions() =>
        [
            .. (await Read()).GetProperty("actions").EnumerateArray()
                .Select(action => $"{action.GetProperty("who").GetString()} {action.GetProperty("action").GetString()}"),
        ];

        public Task<(int Status, JsonElement Body)> Redrive(string who = "anna") => Post("redrive", new { }, who);

        public Task<(int Status, JsonElement Body)> Post(string action, object body, string who = "anna") =>
            DeadLetterTest.Post(Service, $"/{Id}/{action}", body, who);

        /// <summary>Replaces the message's body.</summary>
        public Task<(int Status, JsonElement Body)> Edit(string body, string? who = null, string? reason = null) => Send(
            Service,
            HttpMethod.Put,
            $"/{Id}/body",
            JsonSerializer.Serialize(reason is null ? new { body } : (object)new { body, reason }),
            who);

        public Task Becomes(string state, int? attempts = null) => Eventually.Is(
            async () =>
            {
                var letter = await Read();
                return letter.GetProperty("state").GetString() == state
                    && (attempts is null || letter.GetProperty("attempts").GetInt32() == attempts);
            },
            description: $"{Id} is {state} {attempts}");
    }
}
