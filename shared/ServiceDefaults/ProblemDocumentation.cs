using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace OrderPlatform.ServiceDefaults;

/// <summary>The body of every error response (RFC 9457).</summary>
/// <param name="Type" example="urn:orderplatform:problem:order-shipped">The code, as a URI.</param>
/// <param name="Title" example="Conflict">The status, in words.</param>
/// <param name="Status" example="409">The HTTP status.</param>
/// <param name="Detail" example="A shipped order can be returned, not cancelled.">What is wrong and what to do, for people.</param>
/// <param name="Code" example="order-shipped">What is wrong, for programs: stable, kebab-case.</param>
/// <param name="Errors">
/// With status 400: what to change, by the JSON path of the field (<c>lines[0].quantity</c>; <c>$</c> is the whole body) or the
/// name of the parameter.
/// </param>
/// <param name="TraceId" example="0af7651916cd43dd8448eb211c80319c">Under which the logs of all services have this request.</param>
internal sealed record Problem(
    string Type, string Title, int Status, string Detail, string Code, IReadOnlyDictionary<string, string[]>? Errors, string TraceId);

/// <summary>Documents the problems: those a handler names, in <c>&lt;response&gt;</c> comments, and those any operation may have.</summary>
internal sealed class ProblemDocumentation : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var responses = new SortedDictionary<string, IOpenApiResponse>(operation.Responses ?? [], StringComparer.Ordinal);
        foreach (var (status, description) in CommonProblems(operation))
            responses.TryAdd(status, new OpenApiResponse { Description = description });

        var problem = context.SchemaGenerator.GenerateSchema(typeof(Problem), context.SchemaRepository);
        operation.Responses = [];
        foreach (var (status, response) in responses)
        {
            if (status[0] is '4' or '5' && response is OpenApiResponse error)
            {
                error.Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/problem+json"] = new OpenApiMediaType { Schema = problem },
                };
            }

            operation.Responses[status] = response;
        }

        // The framework's own, which ProducesProblem() brought in and nothing refers to any more.
        context.SchemaRepository.Schemas.Remove(nameof(ProblemDetails));
        context.SchemaRepository.Schemas.Remove(nameof(HttpValidationProblemDetails));
    }

    private static IEnumerable<(string Status, string Description)> CommonProblems(OpenApiOperation operation)
    {
        if (operation.RequestBody is not null || operation.Parameters is { Count: > 0 })
            yield return ("400", "The request does not fit: `errors` says what to change, field by field.");
        if (operation.RequestBody is not null)
        {
            yield return ("413", "The body is larger than 64 KiB.");
            yield return ("415", "The body is not `application/json`.");
        }

        yield return ("500", "A bug: the log has the cause under `traceId`.");
        yield return ("503", "The database is unavailable: try again after `Retry-After` seconds.");
    }
}
