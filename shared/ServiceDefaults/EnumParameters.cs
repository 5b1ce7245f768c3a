using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace OrderPlatform.ServiceDefaults;

internal static class EnumParameters
{
    /// <summary>
    /// Lets <c>?status=placed</c> mean what it means in JSON and in Swagger. Minimal APIs bind enums by their C# names only
    /// (<c>Placed</c>), and take any number besides; so the value is translated before they see it.
    /// </summary>
    public static void UseEnumParameters(this WebApplication app) => app.Use((http, next) =>
    {
        foreach (var parameter in http.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [])
        {
            var type = Nullable.GetUnderlyingType(parameter.ParameterInfo.ParameterType) ?? parameter.ParameterInfo.ParameterType;
            if (!type.IsEnum)
                continue;
            var name = BadRequests.PublicName(parameter.ParameterInfo);
            if (http.Request.Query.TryGetValue(name, out var value))
                http.Request.Query = Replace(http.Request.Query, name, MemberOf(type, value));
        }

        return next(http);
    });

    /// <summary>What matches no member becomes what no enum parameter takes, so that binding refuses it.</summary>
    private static string MemberOf(Type type, string? value) =>
        Array.Find(Enum.GetNames(type), name => name.Equals(value, StringComparison.OrdinalIgnoreCase)) ?? "?";

    private static QueryCollection Replace(IQueryCollection query, string name, string value)
    {
        var values = query.ToDictionary(StringComparer.OrdinalIgnoreCase);
        values[name] = value;
        return new(values);
    }
}
