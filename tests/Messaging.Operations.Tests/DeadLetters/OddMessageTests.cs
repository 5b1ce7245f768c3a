using System.Text;
using OrderPlatform.Testing;
using RabbitMQ.Client;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>Messages that no well-behaved producer sends are filed like any other.</summary>
public sealed class OddMessageTests(SharedSampleService shared) : DeadLetterTest(shared), IClassFixture<SharedSampleService>
{
    public static TheoryData<string> Oddities =>
    [
        "no JSON", "no text", "NULs", "nothing", "1 MiB", "an unknown type", "no type", "no id", "an odd id", "headers of 90 KiB",
        "headers of 127 KiB", "odd headers",
    ];

    [Theory]
    [MemberData(nameof(Oddities))]
    public async Task An_odd_message_is_filed_and_blocks_no_other(string oddity)
    {
        var service = await SharedService();
        var (odd, healthy) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Poison.Add(odd);
        var message = Message(odd, 1, new Opened(odd));
        var headers = message.Properties.Headers!;
        switch (oddity)
        {
            case "no JSON": message.Body = "no JSON"u8.ToArray(); break;
            case "no text": message.Body = [0xC3, 0x28, 0xFF]; break;
            case "NULs": message.Body = "{\"accountId\":\"\0\0\"}"u8.ToArray(); headers["nul"] = "a\0b"; headers["stream"] = "a\0b"; break;
            case "nothing": message.Body = []; break;
            case "1 MiB":
                message.Body = Encoding.UTF8.GetBytes($$"""{"accountId":"{{odd}}","more":"{{new string('x', 1024 * 1024)}}"}""");
                break;
            case "an unknown type": headers["MT-MessageType"] = "urn:message:Some:Stranger"; break;
            case "no type": headers.Remove("MT-MessageType"); break;
            case "no id": message.Properties.MessageId = null; break;
            case "an odd id": message.Properties.MessageId = new string('i', 250) + "\0"; break;
            case "headers of 90 KiB": headers["long"] = new string('h', 90 * 1024); break;
            case "headers of 127 KiB": headers["long"] = new string('h', 127 * 1024); break;
            default:
                headers["bytes"] = new byte[] { 0xC3, 0x28 };
                headers["time"] = new AmqpTimestamp(1_700_000_000);
                headers["table"] = new Dictionary<string, object?> { ["list"] = new List<object?> { 1, 2L, true, 0.5, null } };
                break;
        }

        await Send(message, Message(healthy, 1, new Opened(healthy)));

        var letter = await FiledFor(service, odd);
        await Eventually.Is(async () => await service.Tally(healthy) is not null);
        var read = await letter.Read();
        Assert.Equal(
            message.Body,
            read.GetProperty("body").GetString() is { } text
                ? Encoding.UTF8.GetBytes(text)
                : read.GetProperty("bodyBase64").GetBytesFromBase64());
        if (headers.TryGetValue("long", out var sent))
            Assert.Equal((string)sent!, read.GetProperty("headers").GetProperty("long").GetString());
        Assert.Equal(
            oddity is "an unknown type" or "no type" ? "skipped" : "error", read.GetProperty("source").GetString());

        // It fails again into the same row, and its copy is the message that was sent.
        var copies = $"copies_{odd:N}";
        await Bind(copies, "ledger");
        Assert.Equal(202, (await letter.Redrive()).Status);
        await letter.Becomes("waiting", attempts: 2);
        var copy = (await Take(copies))!;
        Assert.Equal(message.Properties.MessageId, copy.BasicProperties.MessageId);
        Assert.Equal(message.Body, copy.Body.ToArray());
        Assert.Equal(headers.Keys.Except(["x-dotnet-pub-seq-no"]).Order(), copy.BasicProperties.Headers!.Keys.Order());
        Assert.Equal(1, await DeadLetters(About(odd)));
    }

    /// <summary>Waits until the message about an account is filed. Some of these messages have no usable id, stream or body.</summary>
    private async Task<Letter> FiledFor(SampleHost service, Guid account)
    {
        await DeadLettersBecome(1, About(account));
        return new Letter(service, await Database.Scalar<Guid>($"SELECT id FROM messaging.dead_letters WHERE {About(account)}"));
    }

    /// <summary>The condition that a row is about an account; every message has its correlation id.</summary>
    private static string About(Guid account) => $"properties::text LIKE '%{account}%'";
}
