using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace OrderPlatform.Messaging.Operations.Http;

/// <summary>Refusals as RFC 9457 problem details, in the form that all services use.</summary>
internal static class OpsProblems
{
    /// <summary>404: nothing has this id.</summary>
    public static ProblemHttpResult NotFound(string what, object id) =>
        Of(StatusCodes.Status404NotFound, "Not Found", $"{what.Replace(' ', '-')}-not-found", $"There is no {what} {id}.");

    /// <summary>409: the present state does not allow it.</summary>
    public static ProblemHttpResult Conflict(string code, string detail) => Of(StatusCodes.Status409Conflict, "Conflict", code, detail);

    /// <summary>400: what to change, and where.</summary>
    public static ValidationProblem Invalid(string field, string message) =>
        TypedResults.ValidationProblem(new Dictionary<string, string[]> { [field] = [message] });

    /// <summary>503: something that the request needs is unavailable.</summary>
    public static ProblemHttpResult Unavailable(string code, string detail) =>
        Of(StatusCodes.Status503ServiceUnavailable, "Service Unavailable", code, detail);

    private static ProblemHttpResult Of(int status, string title, string code, string detail) => TypedResults.Problem(
        detail,
        statusCode: status,
        title: title,
        type: $"urn:orderplatform:problem:{code}",
        extensions: new Dictionary<string, object?> { ["code"] = code });
}
