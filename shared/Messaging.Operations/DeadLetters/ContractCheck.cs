using System.Text.Json;
using System.Text.Json.Serialization;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Whether a body that somebody has written fits a contract, more strictly than consumers are: a misspelt property is a mistake here.
/// </summary>
internal static class ContractCheck
{
    private static readonly JsonSerializerOptions Strict = new(EventTypes.Json)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        PropertyNameCaseInsensitive = false,
        NumberHandling = JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>What to change; null when it fits.</summary>
    public static string? Fault(Type contract, string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, contract, Strict) is null ? $"$: must be a {contract.Name}, not null." : null;
        }
        catch (JsonException exception)
        {
            return $"{exception.Path ?? "$"}: {exception.Message.Split(" Path: ")[0]}";
        }
    }
}
