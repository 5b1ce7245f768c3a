using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrderPlatform.ServiceDefaults.Errors;

/// <summary>Describes the expected value in terms that need no knowledge of C#.</summary>
internal static class Expected
{
    private const string OtherFormat = "in a different format";

    public static string Of(JsonTypeInfo? type) => type?.Kind switch
    {
        JsonTypeInfoKind.Object or JsonTypeInfoKind.Dictionary => "a JSON object",
        JsonTypeInfoKind.Enumerable => "a JSON array",
        JsonTypeInfoKind.None => Of(type.Type),
        _ => OtherFormat,
    };

    public static string Of(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
            return $"one of: {string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName))}";
        return Type.GetTypeCode(type) switch
        {
            TypeCode.String => "a string",
            TypeCode.Boolean => "true or false",
            TypeCode.Int32 => $"a whole number between {int.MinValue} and {int.MaxValue}",
            TypeCode.Int64 => $"a whole number between {long.MinValue} and {long.MaxValue}",
            TypeCode.Decimal or TypeCode.Double => "a number",
            _ when type == typeof(Guid) => "a UUID such as 0198c5a4-7e1b-7c3e-9d55-0f6c2b1a4e77",
            _ when type == typeof(DateTimeOffset) => "a date and time such as 2026-01-31T12:00:00Z",
            _ => OtherFormat,
        };
    }
}
