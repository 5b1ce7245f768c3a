using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.ServiceDefaults;

/// <summary>Every error response is an RFC 9457 problem with <c>type</c>, <c>code</c>, <c>detail</c> and <c>traceId</c>.</summary>
internal static class ProblemResponses
{
    public static void AddServiceProblems(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ExceptionProblems>();
        // The exception says which field is wrong; without this it is thrown in Development only.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
    }
}

/// <summary>What escaped from a handler: a bad request, an outage, or a bug.</summary>
internal sealed partial class ExceptionProblems(IProblemDetailsService problems, ILogger<ExceptionProblems> logger) : IExceptionHandler
{
    private const string RetryAfterSeconds = "5";

    public ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancellationToken)
    {
        var problem = ProblemOf(http, exception);
        http.Response.StatusCode = problem.Status!.Value;
        return problems.TryWriteAsync(new ProblemDetailsContext { HttpContext = http, ProblemDetails = problem });
    }

    private ProblemDetails ProblemOf(HttpContext http, Exception exception)
    {
        if (exception is BadHttpRequestException badRequest)
            return BadRequests.Explain(http, badRequest);
        if (DatabaseOutage.IsCauseOf(exception))
        {
            LogOutage(exception.GetBaseException().Message);
            http.Response.Headers.RetryAfter = RetryAfterSeconds;
            return Problems.Of(
                StatusCodes.Status503ServiceUnavailable,
                new Refusal("database-unavailable", "The database cannot be reached just now; try again in a few seconds."));
        }

        LogBug(exception);
        return new() { Status = StatusCodes.Status500InternalServerError };
    }

    [LoggerMessage(LogLevel.Warning, "Answered 503, because the database is unavailable: {Reason}")]
    private partial void LogOutage(string reason);

    [LoggerMessage(LogLevel.Error, "Answered 500, because of an unexpected exception")]
    private partial void LogBug(Exception exception);
}

/// <summary>Completes every problem, whoever made it: the framework, the validation, a handler.</summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    /// <summary>Always, whatever the Accept header says: a problem in another format helps more than an empty body.</summary>
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var problem = Complete(http, context.ProblemDetails);
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        return new(http.Response.WriteAsJsonAsync(problem, problem.GetType(), options: null, "application/problem+json"));
    }

    /// <summary>What has a code is ours and complete; the rest comes from the framework.</summary>
    private static ProblemDetails Complete(HttpContext http, ProblemDetails problem)
    {
        if (problem.Extensions.ContainsKey("code"))
            return problem;
        if (problem is HttpValidationProblemDetails invalid)
            return Problems.Invalid(invalid.Errors.Select(error => KeyValuePair.Create(CamelCase(error.Key), error.Value)));
        var status = problem.Status ?? http.Response.StatusCode;
        var (code, detail) = Describe(http, status);
        return Problems.Of(status, new Refusal(code, problem.Detail ?? detail));
    }

    private static (string Code, string Detail) Describe(HttpContext http, int status) => status switch
    {
        404 => ("not-found", $"There is nothing at {http.Request.Path}; see /swagger for what there is."),
        405 => ("method-not-allowed", $"{http.Request.Path} answers only to {http.Response.Headers.Allow}."),
        413 => ("body-too-large",
            $"A body may have at most {http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize} bytes."),
        415 => ("unsupported-media-type", "Send the body as JSON, with Content-Type: application/json."),
        500 => ("internal-error", "Something unexpected happened. The service's log has the cause under this traceId."),
        _ => (ReasonPhrases.GetReasonPhrase(status).ToLowerInvariant().Replace(' ', '-'), $"{ReasonPhrases.GetReasonPhrase(status)}."),
    };

    /// <summary>The validation names members of the records, <c>Lines[0].Sku</c>; clients know <c>lines[0].sku</c>.</summary>
    private static string CamelCase(string path) => string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
}
