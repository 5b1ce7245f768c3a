using System.Text.Json;
using System.Text.Json.Serialization;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>
/// Checks a body that an operator has edited against its contract, more strictly than consumers do: a misspelt property is an error here.
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

    /// <summary>What to change; null if the body fits.</summary>
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
