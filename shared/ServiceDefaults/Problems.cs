using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace OrderPlatform.ServiceDefaults;

/// <summary>The refusals of a handler as RFC 9457 problems.</summary>
/// <remarks>Clients branch on <c>code</c> (or <c>type</c>, which is the same as a URI); people read <c>detail</c>.</remarks>
public static class Problems
{
    /// <summary>409: the request is fine, the state of the thing forbids it.</summary>
    public static ProblemHttpResult Conflict(Refusal refusal) => TypedResults.Problem(Of(StatusCodes.Status409Conflict, refusal));

    /// <summary>404: there is no such thing. <paramref name="what"/> names it, such as <c>order</c>: code <c>order-not-found</c>.</summary>
    /// <param name="what">The kind of thing, in lower case.</param>
    /// <param name="id">What the caller asked for.</param>
    public static ProblemHttpResult NotFound(string what, object id) => TypedResults.Problem(Of(
        StatusCodes.Status404NotFound,
        new Refusal($"{what.Replace(' ', '-')}-not-found", $"There is no {what} {id}.")));

    /// <summary>422: well-formed, but it contradicts itself or an earlier request.</summary>
    public static ProblemHttpResult Unprocessable(Refusal refusal) =>
        TypedResults.Problem(Of(StatusCodes.Status422UnprocessableEntity, refusal));

    /// <summary>400: what to change, by the JSON path of the field or the name of the parameter.</summary>
    internal static HttpValidationProblemDetails Invalid(IEnumerable<KeyValuePair<string, string[]>> errors) => new(errors)
    {
        Status = StatusCodes.Status400BadRequest,
        Title = ReasonPhrases.GetReasonPhrase(StatusCodes.Status400BadRequest),
        Type = TypeOf("invalid-request"),
        Detail = "The request does not fit; see errors for what to change, field by field.",
        Extensions = { ["code"] = "invalid-request" },
    };

    internal static string TypeOf(string code) => $"urn:orderplatform:problem:{code}";

    internal static ProblemDetails Of(int status, Refusal refusal) => new()
    {
        Status = status,
        Title = ReasonPhrases.GetReasonPhrase(status),
        Type = TypeOf(refusal.Code),
        Detail = refusal.Detail,
        Extensions = { ["code"] = refusal.Code },
    };
}
