using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Completes every problem, whether it comes from the framework, from validation or from a handler.</summary>
internal sealed class ProblemWriter : IProblemDetailsWriter
{
    /// <summary>Ignores the Accept header: a problem in another format is more useful than an empty body.</summary>
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var http = context.HttpContext;
        var problem = Complete(http, context.ProblemDetails);
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        return new(http.Response.WriteAsJsonAsync(problem, problem.GetType(), options: null, "application/problem+json"));
    }

    /// <summary>A problem with a code comes from our own code and is complete.</summary>
    private static ProblemDetails Complete(HttpContext http, ProblemDetails problem)
    {
        if (problem.Extensions.ContainsKey("code"))
            return problem;
        if (problem is HttpValidationProblemDetails invalid)
            return Problems.Invalid(invalid.Errors.Select(error => KeyValuePair.Create(CamelCase(error.Key), error.Value)));
        var status = problem.Status ?? http.Response.StatusCode;
        var (code, detail) = Describe(http, status);
        return Problems.Of(status, code, problem.Detail ?? detail);
    }

    private static (string Code, string Detail) Describe(HttpContext http, int status) => status switch
    {
        404 => ("not-found", $"No route matches {http.Request.Path}; /swagger lists the available routes."),
        405 => ("method-not-allowed", $"{http.Request.Path} supports only {http.Response.Headers.Allow}."),
        413 => ("body-too-large",
            $"The body must not exceed {http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize} bytes."),
        415 => ("unsupported-media-type", "Send the body as JSON, with Content-Type: application/json."),
        500 => ("internal-error", "An unexpected error occurred. The service's log has the cause under this traceId."),
        _ => (ReasonPhrases.GetReasonPhrase(status).ToLowerInvariant().Replace(' ', '-'), $"{ReasonPhrases.GetReasonPhrase(status)}."),
    };

    /// <summary>Validation reports <c>Lines[0].Sku</c>; clients know it as <c>lines[0].sku</c>.</summary>
    private static string CamelCase(string path) => string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
}
