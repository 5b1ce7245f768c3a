using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Receives the traces that services export, as an OpenTelemetry collector does: OTLP over HTTP.</summary>
public sealed class TraceCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<Span> spans = [];
    private readonly WebApplication server;

    private TraceCollector()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server = builder.Build();
        server.MapPost("/v1/traces", Take);
    }

    /// <summary>The received spans; those of one service are in the order in which they ended.</summary>
    public IReadOnlyCollection<Span> Spans => spans;

    /// <summary>The settings that make a service export its traces here.</summary>
    public (string Key, string Value)[] Settings =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", server.Urls.Single()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", $"{Eventually.Guard.TotalMilliseconds:0}"),
        ("OTEL_BSP_EXPORT_TIMEOUT", $"{Eventually.Guard.TotalMilliseconds:0}"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];

    public static async Task<TraceCollector> Start()
    {
        var collector = new TraceCollector();
        await collector.server.StartAsync();
        return collector;
    }

    public async ValueTask DisposeAsync() => await server.DisposeAsync();

    private async Task Take(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        foreach (var span in Otlp.Read(body.ToArray()))
            spans.Enqueue(span);
    }
}

/// <summary>A span as it was exported.</summary>
/// <param name="Service">The service that exported it.</param>
/// <param name="Source">The instrumentation that made it.</param>
/// <param name="TraceId">Hexadecimal.</param>
/// <param name="Id">Hexadecimal.</param>
/// <param name="ParentId">Empty for the root of a trace.</param>
/// <param name="Name">The operation.</param>
/// <param name="Kind">OTLP's numbers.</param>
/// <param name="StartedAt">UTC; the services run on the test's machine, and so share its clock.</param>
/// <param name="Links">The ids of the spans that it is linked to.</param>
public sealed record Span(
    string Service,
    string Source,
    string TraceId,
    string Id,
    string ParentId,
    string Name,
    SpanKind Kind,
    DateTimeOffset StartedAt,
    IReadOnlyList<string> Links);

public enum SpanKind
{
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// <summary>
/// Reads an ExportTraceServiceRequest (opentelemetry/proto/trace/v1/trace.proto): only the few fields of each message that tests use, by
/// their numbers.
/// </summary>
internal static class Otlp
{
    public static IReadOnlyList<Span> Read(byte[] request) =>
    [
        .. Messages(request, 1).SelectMany(resourceSpans =>
        {
            var service = Messages(resourceSpans, 1).SelectMany(resource => Messages(resource, 1))
                .Where(attribute => Text(attribute, 1) == "service.name")
                .Select(attribute => Text(Messages(attribute, 2).Single(), 1))
                .Single();
            return Messages(resourceSpans, 2).SelectMany(scopeSpans =>
            {
                var source = Text(Messages(scopeSpans, 1).Single(), 1);
                return Messages(scopeSpans, 2).Select(span => ReadSpan(service, source, span));
            });
        }),
    ];

    private static Span ReadSpan(string service, string source, byte[] span) => new(
        service,
        source,
        Hex(span, 1),
        Hex(span, 2),
        Hex(span, 4),
        Text(span, 5),
        (SpanKind)Number(span, 6),
        DateTimeOffset.UnixEpoch.AddTicks(checked((long)Fixed64(span, 7) / TimeSpan.NanosecondsPerTick)),
        [.. Messages(span, 13).Select(link => Hex(link, 2))]);

    private static string Text(byte[] message, int field) =>
        Messages(message, field).Select(System.Text.Encoding.UTF8.GetString).SingleOrDefault("");

    private static string Hex(byte[] message, int field) => Messages(message, field).Select(Convert.ToHexStringLower).SingleOrDefault("");

    private static int Number(byte[] message, int field) => Read(message, field, input => input.ReadEnum());

    private static ulong Fixed64(byte[] message, int field) => Read(message, field, input => input.ReadFixed64());

    /// <summary>The first value of a field; the default where it is missing.</summary>
    private static T? Read<T>(byte[] message, int field, Func<CodedInputStream, T> read)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field)
                return read(input);
            input.SkipLastField();
        }

        return default;
    }

    /// <summary>All values of one length-delimited field: messages, strings or bytes.</summary>
    private static List<byte[]> Messages(byte[] message, int field)
    {
        using var input = new CodedInputStream(message);
        var values = new List<byte[]>();
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                values.Add(input.ReadBytes().ToByteArray());
            else
                input.SkipLastField();
        }

        return values;
    }
}
