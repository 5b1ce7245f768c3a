using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace OrderPlatform.ServiceDefaults.Swagger;

/// <summary>Documents the errors that a handler names in <c>&lt;response&gt;</c> comments, and those that any operation can have.</summary>
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

        // ProducesProblem() added the framework's own schemas, which are no longer referenced.
        context.SchemaRepository.Schemas.Remove(nameof(ProblemDetails));
        context.SchemaRepository.Schemas.Remove(nameof(HttpValidationProblemDetails));
    }

    private static IEnumerable<(string Status, string Description)> CommonProblems(OpenApiOperation operation)
    {
        if (operation.RequestBody is not null || operation.Parameters is { Count: > 0 })
            yield return ("400", "The request is invalid; `errors` lists the fields to correct.");
        if (operation.RequestBody is not null)
        {
            yield return ("413", "The body is larger than 64 KiB.");
            yield return ("415", "The body is not `application/json`.");
        }

        yield return ("500", "An unexpected error; the log has the cause under `traceId`.");
        yield return ("503", "The database is unavailable; try again after `Retry-After` seconds.");
    }
}
