using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Answers a request whose handler threw: 400 for a bad request, 503 for a database outage, 500 for a bug.</summary>
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
                "database-unavailable",
                "The database is temporarily unavailable. Try again in a few seconds.");
        }

        LogBug(exception);
        return new() { Status = StatusCodes.Status500InternalServerError };
    }

    [LoggerMessage(LogLevel.Warning, "Database unavailable ({Reason}); answered 503")]
    private partial void LogOutage(string reason);

    [LoggerMessage(LogLevel.Error, "Request failed with an unexpected exception; answered 500")]
    private partial void LogBug(Exception exception);
}
