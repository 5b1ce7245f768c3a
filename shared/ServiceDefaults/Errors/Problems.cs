using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>A handler's errors as RFC 9457 problem details.</summary>
/// <remarks>Clients branch on <c>code</c> (or on <c>type</c>, the same as a URI); people read <c>detail</c>.</remarks>
public static class Problems
{
    /// <summary>404, with the code <c>order-not-found</c> for an <c>order</c>.</summary>
    /// <param name="what">The kind of resource, in lower case.</param>
    /// <param name="id">The id that the client asked for.</param>
    public static ProblemHttpResult NotFound(string what, object id) => TypedResults.Problem(Of(
        StatusCodes.Status404NotFound,
        $"{what.Replace(' ', '-')}-not-found",
        $"There is no {what} {id}."));

    /// <summary>409: the request is valid, but the state of the resource forbids it.</summary>
    /// <param name="code">Stable and machine-readable, kebab-case, such as <c>order-shipped</c>.</param>
    /// <param name="detail">One sentence for people: the reason, and what they can do instead.</param>
    public static ProblemHttpResult Conflict(string code, string detail) =>
        TypedResults.Problem(Of(StatusCodes.Status409Conflict, code, detail));

    /// <summary>422: the request is well-formed, but contradicts itself or an earlier request.</summary>
    /// <param name="code">Stable and machine-readable, kebab-case, such as <c>order-shipped</c>.</param>
    /// <param name="detail">One sentence for people: the reason, and what they can do instead.</param>
    public static ProblemHttpResult Unprocessable(string code, string detail) =>
        TypedResults.Problem(Of(StatusCodes.Status422UnprocessableEntity, code, detail));

    /// <summary>400, with what to change by the JSON path of the field or the name of the parameter.</summary>
    internal static HttpValidationProblemDetails Invalid(IEnumerable<KeyValuePair<string, string[]>> errors) => new(errors)
    {
        Status = StatusCodes.Status400BadRequest,
        Title = ReasonPhrases.GetReasonPhrase(StatusCodes.Status400BadRequest),
        Type = TypeOf("invalid-request"),
        Detail = "The request is invalid; errors lists the fields to correct.",
        Extensions = { ["code"] = "invalid-request" },
    };

    internal static ProblemDetails Of(int status, string code, string detail) => new()
    {
        Status = status,
        Title = ReasonPhrases.GetReasonPhrase(status),
        Type = TypeOf(code),
        Detail = detail,
        Extensions = { ["code"] = code },
    };

    private static string TypeOf(string code) => $"urn:orderplatform:problem:{code}";
}
