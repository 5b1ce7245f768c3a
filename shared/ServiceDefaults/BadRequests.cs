using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OrderPlatform.ServiceDefaults;

/// <summary>Says of a request that could not be bound which field or parameter to change, and how.</summary>
/// <remarks>
/// The framework tells it in the exceptions' English texts only, beside the names of our types, which are nobody's business.
/// So the texts are recognised here, and the tests hold each of them; an unknown one still names the field.
/// </remarks>
internal static partial class BadRequests
{
    public static ProblemDetails Explain(HttpContext http, BadHttpRequestException exception)
    {
        if (exception.StatusCode != StatusCodes.Status400BadRequest)
            return new() { Status = exception.StatusCode };
        // The exception handler has taken the endpoint from the request, and keeps it in its feature.
        var endpoint = http.Features.Get<IExceptionHandlerFeature>()?.Endpoint?.Metadata ?? EndpointMetadataCollection.Empty;
        var body = endpoint.GetMetadata<IAcceptsMetadata>()?.RequestType;
        var json = http.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
        return Problems.Invalid(exception.InnerException is JsonException unreadable
            ? JsonErrors.Explain(unreadable, body, json)
            : ParameterErrors(exception.Message, endpoint, body));
    }

    /// <summary>As the parameter is called in the URL or the header, which an attribute may have said.</summary>
    public static string PublicName(ParameterInfo parameter) => parameter.GetCustomAttributes().Select(attribute => attribute switch
    {
        IFromQueryMetadata query => query.Name,
        IFromHeaderMetadata header => header.Name,
        IFromRouteMetadata route => route.Name,
        _ => null,
    }).FirstOrDefault(name => name is not null) ?? parameter.Name!;

    private static Dictionary<string, string[]> ParameterErrors(string message, EndpointMetadataCollection endpoint, Type? body)
    {
        var name = ParameterName().Match(message).Groups[1].Value;
        var parameter = endpoint.GetOrderedMetadata<IParameterBindingMetadata>().FirstOrDefault(bound => bound.Name == name)?.ParameterInfo;
        if (parameter is null)
            return new() { ["$"] = ["The request ended too early, or is not valid HTTP."] };
        if (parameter.ParameterType == body)
            return new() { ["$"] = ["A JSON body is required."] };
        var must = message.StartsWith("Required", StringComparison.Ordinal) ? "Required, but missing: must" : "Must";
        return new() { [PublicName(parameter)] = [$"{must} be {Expected.Of(parameter.ParameterType)}."] };
    }

    [GeneratedRegex("""parameter "(?:[^"]* )?([^" ]+)["]""")]
    private static partial Regex ParameterName();
}
