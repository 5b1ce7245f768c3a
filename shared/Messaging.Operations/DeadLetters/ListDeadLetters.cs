using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Storage;
using static OrderPlatform.Messaging.Storage.NpgsqlAccess;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterPage>, ValidationProblem>;

/// <summary><c>GET /ops/dead-letters</c></summary>
internal static class ListDeadLetters
{
    /// <summary>The maximum number of dead letters that one request searches for a text; it then returns those found so far.</summary>
    private const int LongestSearch = 20_000;

    /// <summary>Lists dead letters, most recent failure first.</summary>
    /// <remarks>
    /// For the next page, pass <c>next</c> as <c>after</c>. With <c>text</c> a page may have fewer dead letters than the limit, or none,
    /// although there are more: one request searches at most 20,000.
    /// </remarks>
    /// <param name="state">Only dead letters in this state.</param>
    /// <param name="type" example="OrderPlaced">Their type, by name or wire address.</param>
    /// <param name="exception" example="System.InvalidOperationException">The full name of the exception.</param>
    /// <param name="handler" example="ReserveStock">The handler that failed.</param>
    /// <param name="stream" example="0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70">Their stream, such as an order's id.</param>
    /// <param name="queue" example="inventory">The queue that could not handle them.</param>
    /// <param name="since" example="2026-01-31T12:00:00Z">Only messages that last failed at this time or later.</param>
    /// <param name="until" example="2026-01-31T13:00:00Z">Only messages that last failed before this time.</param>
    /// <param name="text" example="timeout">
    /// Text in the exception's message, the message id, the stream or the type, regardless of case; or in the first 16 KiB of the body,
    /// in the given case.
    /// </param>
    /// <param name="after"><c>next</c> of the previous page.</param>
    /// <param name="limit" example="50">The maximum number of dead letters on a page, 1 to 200.</param>
    /// <response code="200">A page of dead letters.</response>
    /// <response code="400">A parameter is malformed; <c>errors</c> names it.</response>
    public static async Task<Answer> Handle(
        DbContext database,
        CancellationToken cancellationToken,
        DeadLetterState? state = null,
        string? type = null,
        string? exception = null,
        string? handler = null,
        string? stream = null,
        string? queue = null,
        DateTimeOffset? since = null,
        DateTimeOffset? until = null,
        string? text = null,
        string? after = null,
        [Range(1, 200)] int limit = 50)
    {
        var filter = new DeadLetterFilter(state, type, exception, handler, stream, queue, since, until, text);
        if (filter.Fault is { } fault)
            return OpsProblems.Invalid(fault.Field, fault.Message);
        if (!Place.TryParse(after, out var place))
            return OpsProblems.Invalid("after", "Must be the `next` of another page.");
        await database.Database.OpenConnectionAsync(cancellationToken);
        return TypedResults.Ok(await Page(database, filter, place, limit, cancellationToken));
    }

    /// <summary>Uses an index on one of the filter's columns, which has the order of the list.</summary>
    internal static string Sql(NpgsqlParameterCollection parameters, DeadLetterFilter filter, Place? after, int limit)
    {
        var where = filter.Where(parameters, withText: false);
        if (after is not null)
            where += $" AND (last_failed_at, id) < ({Next(parameters, after.FailedAt)}, {Next(parameters, after.Id)})";
        return filter.Text is null
            ? $"""
               SELECT {DeadLetterItem.Columns}
               FROM messaging.dead_letters
               WHERE {where}
               ORDER BY last_failed_at DESC, id DESC
               LIMIT {limit}
               """
            : $"""
               SELECT {DeadLetterItem.Columns}
               FROM (
                   SELECT * FROM messaging.dead_letters
                   WHERE {where}
                   ORDER BY last_failed_at DESC, id DESC
                   LIMIT {LongestSearch}) AS searched
               WHERE {filter.HasText(parameters)}
               ORDER BY last_failed_at DESC, id DESC
               LIMIT {limit}
               """;
    }

    private static async Task<DeadLetterPage> Page(
        DbContext database, DeadLetterFilter filter, Place? after, int limit, CancellationToken cancellationToken)
    {
        var found = await Find(database, filter, after, limit + 1, skip: 0, cancellationToken);
        if (found.Count > limit)
            return new DeadLetterPage(found[..limit], Place.Of(found[limit - 1]).ToString());
        var searchedLast = filter.Text is null
            ? []
            : await Find(database, filter with { Text = null }, after, 1, skip: LongestSearch - 1, cancellationToken);
        return new DeadLetterPage(found, searchedLast is [var last] ? Place.Of(last).ToString() : null);
    }

    private static async Task<List<DeadLetterItem>> Find(
        DbContext database, DeadLetterFilter filter, Place? after, int limit, int skip, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("");
        command.CommandText = $"{Sql(command.Parameters, filter, after, limit)} OFFSET {skip}";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var items = new List<DeadLetterItem>();
        while (await reader.ReadAsync(cancellationToken))
            items.Add(DeadLetterItem.Read(reader));
        return items;
    }

    /// <summary>Where a page ends.</summary>
    internal sealed record Place(DateTimeOffset FailedAt, Guid Id)
    {
        public static Place Of(DeadLetterItem last) => new(last.LastFailedAt, last.Id);

        public static bool TryParse(string? text, out Place? place)
        {
            place = null;
            if (text is null)
                return true;
            if (text.Split('_') is not [var ticks, var id] || !Guid.TryParseExact(id, "N", out var parsed)
                || !long.TryParse(ticks, CultureInfo.InvariantCulture, out var utc) || utc < 0 || utc > DateTimeOffset.MaxValue.Ticks)
                return false;
            place = new Place(new DateTimeOffset(utc, TimeSpan.Zero), parsed);
            return true;
        }

        public override string ToString() => $"{FailedAt.UtcTicks}_{Id:N}";
    }
}

/// <summary>A page of dead letters, most recent failure first.</summary>
/// <param name="Items">No more than the limit.</param>
/// <param name="Next">What to pass as <c>after</c> for the next page; null on the last.</param>
internal sealed record DeadLetterPage(IReadOnlyList<DeadLetterItem> Items, string? Next);
