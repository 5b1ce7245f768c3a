using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrderPlatform.ServiceDefaults.Binding;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Explains why a request could not be bound: which field or parameter to change, and how.</summary>
/// <remarks>
/// The framework says so only in its English exception messages, together with the names of our types, which must not leak.
/// This class therefore parses those messages. The tests cover all of them; an unknown one still names the field.
/// </remarks>
internal static partial class BadRequests
{
    public static ProblemDetails Explain(HttpContext http, BadHttpRequestException exception)
    {
        if (exception.StatusCode != StatusCodes.Status400BadRequest)
            return new() { Status = exception.StatusCode };
        // The exception handler has cleared the endpoint of the request; its feature still has it.
        var endpoint = http.Features.Get<IExceptionHandlerFeature>()?.Endpoint?.Metadata ?? EndpointMetadataCollection.Empty;
        var body = endpoint.GetMetadata<IAcceptsMetadata>()?.RequestType;
        var json = http.RequestServices.GetRequiredService<IOptions<Microsoft.AspNetCore.Http.Json.JsonOptions>>().Value.SerializerOptions;
        return Problems.Invalid(exception.InnerException is JsonException unreadable
            ? JsonErrors.Explain(unreadable, body, json)
            : ParameterErrors(exception.Message, endpoint, body));
    }

    private static Dictionary<string, string[]> ParameterErrors(string message, EndpointMetadataCollection endpoint, Type? body)
    {
        var name = ParameterName().Match(message).Groups[1].Value;
        var parameter = endpoint.GetOrderedMetadata<IParameterBindingMetadata>().FirstOrDefault(bound => bound.Name == name)?.ParameterInfo;
        if (parameter is null)
            return new() { ["$"] = ["The request ended too early, or is not valid HTTP."] };
        if (parameter.ParameterType == body)
            return new() { ["$"] = ["A JSON body is required."] };
        var must = message.StartsWith("Required", StringComparison.Ordinal) ? "Required; must" : "Must";
        return new() { [parameter.PublicName()] = [$"{must} be {Expected.Of(parameter.ParameterType)}."] };
    }

    [GeneratedRegex("""parameter "(?:[^"]* )?([^" ]+)["]""")]
    private static partial Regex ParameterName();
}
