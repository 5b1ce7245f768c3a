using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderPlatform.Messaging.Events;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Operations.Jobs;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations.Replays;

using Answer = Results<Accepted<Replay>, Ok<DryReplay>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/replays</c></summary>
internal static partial class StartReplay
{
    private const int MostStreams = 1000;
    private const int LongestStream = 100;

    /// <summary>Sends past events of this service to one queue.</summary>
    /// <remarks>
    /// Events that the queue's service has already handled take no effect again: its inbox drops them. Events are sent in the order in
    /// which they occurred, each as it was published then. Follow the job at the address in <c>Location</c>. To send everything, replay the
    /// log first, and the archive when that has ended: then no event is missed, even if some are archived meanwhile.
    /// </remarks>
    /// <param name="request">What to send, and where.</param>
    /// <response code="200">With <c>dryRun</c>: how many events would be sent. Nothing is sent.</response>
    /// <response code="202">The replay will run.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="503"><c>archive-unavailable</c>: the archive cannot be read at the moment; the detail says what to check.</response>
    public static async Task<Answer> Handle(
        ReplayRequest request,
        Operator who,
        EventTypes types,
        IEnumerable<IReplaySource> sources,
        ReplayTable replays,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var given = request.Types?.Select(name => (Name: name, Address: types.PublishedAs(name))).ToArray();
        var errors = Errors(request, given, types, sources).ToDictionary(error => error.Field, error => new[] { error.Message });
        if (errors.Count > 0)
            return TypedResults.ValidationProblem(errors);

        try
        {
            var source = sources.Single(source => source.Name == (request.Source ?? ReplayFromLog.Log));
            var (first, last) = await source.Positions(request.From, request.Until, cancellationToken);
            var now = clock.GetUtcNow();
            var replay = new Replay
            {
                Id = Guid.CreateVersion7(now),
                Queue = request.Queue,
                From = request.From?.ToUniversalTime(),
                Until = request.Until?.ToUniversalTime(),
                Types = [.. given?.Select(type => type.Address!).Distinct() ?? types.Published.Order(StringComparer.Ordinal)],
                TypesAreGiven = given is not null,
                Streams = request.Streams,
                PerSecond = request.PerSecond,
                EffectivePerSecond = null,
                Source = source.Name,
                First = first,
                Last = last,
                Position = first - 1,
                Sent = 0,
                Total = null,
                Missing = await source.Missing(request.From, cancellationToken),
                State = JobState.Running,
                StartedAt = now,
                StartedBy = who.Name,
                EndedAt = null,
                Error = null,
            };
            if (request.DryRun)
                return TypedResults.Ok(new DryReplay(await source.Count(replay, cancellationToken), replay.Missing));
            return TypedResults.Accepted($"/ops/replays/{replay.Id}", await replays.Add(replay, cancellationToken));
        }
        catch (ArchiveUnavailableException exception)
        {
            return OpsProblems.Unavailable("archive-unavailable", exception.Message);
        }
        catch (ArchiveException exception)
        {
            return OpsProblems.Invalid("source", exception.Message);
        }
    }

    private static IEnumerable<(string Field, string Message)> Errors(
        ReplayRequest request, (string Name, string? Address)[]? given, EventTypes types, IEnumerable<IReplaySource> sources)
    {
        if (!QueueName().IsMatch(request.Queue))
            yield return ("queue", "Must be a queue's name, such as inventory: 1 to 100 letters, digits, dots, underscores and hyphens.");
        if (request.From >= request.Until)
            yield return ("until", "Must be later than from.");
        if (given is [])
            yield return ("types", "Must name at least one event; omit it to send all that the queue takes.");
        else if (given?.FirstOrDefault(type => type.Address is null) is { Name: { } unknown })
            yield return ("types", $"This service publishes no '{unknown}'. It publishes: {types.PublishedNames}.");
        if (request.Streams is { } streams
            && (streams.Count is 0 or > MostStreams || !streams.All(stream => TextColumn.Takes(stream, LongestStream))))
        {
            yield return (
                "streams",
                $"Must be 1 to {MostStreams} streams, of 1 to {LongestStream} characters each, without NUL; omit it to send all.");
        }

        if (request.PerSecond < 1)
            yield return ("perSecond", "Must be 1 or more; omit it to send as fast as the queue or the service's settings allow.");
        if (request.Source is { } name && sources.All(source => source.Name != name))
            yield return ("source", $"Must be one of: {string.Join(", ", sources.Select(source => source.Name))}.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex QueueName();
}

/// <summary>Which past events to send, and where.</summary>
/// <param name="Queue" example="inventory">The queue to send them to: a service's name, or <c>service_purpose</c>.</param>
/// <param name="From" example="2026-01-31T12:00:00Z">
/// Only events that occurred at this time or later; from the beginning, if omitted.
/// </param>
/// <param name="Until" example="2026-01-31T13:00:00Z">Only events that occurred before this time; up to now, if omitted.</param>
/// <param name="Types" example="[&quot;OrderPlaced&quot;]">Events by name or wire address; all that the queue takes, if omitted.</param>
/// <param name="Streams">Only events of these 1 to 1000 streams, such as orders' ids; of all streams, if omitted.</param>
/// <param name="DryRun">Only count them, including events that the queue may not take.</param>
/// <param name="PerSecond" example="500">
/// The maximum number of events to send a second. If omitted, as fast as the queue is emptied, where the broker reveals its length to the
/// service; otherwise at the setting <c>Messaging:Replays:PerSecondWithoutQueueLength</c>. The job's <c>effectivePerSecond</c> says which.
/// </param>
/// <param name="Source" example="log">
/// Where to read them: <c>log</c>, or <c>archive</c> for events that retention has removed from the log; the log, if omitted.
/// </param>
internal sealed record ReplayRequest(
    string Queue,
    DateTimeOffset? From = null,
    DateTimeOffset? Until = null,
    IReadOnlyList<string>? Types = null,
    IReadOnlyList<string>? Streams = null,
    bool DryRun = false,
    int? PerSecond = null,
    string? Source = null);

/// <summary>What a replay would send.</summary>
/// <param name="Events" example="1200">Events to send.</param>
/// <param name="Missing">Which requested events are no longer in the log, and how to send them as well; null if there are none.</param>
internal sealed record DryReplay(long Events, string? Missing);
