using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace OrderPlatform.ServiceDefaults.Binding;

internal static class EnumParameters
{
    /// <summary>
    /// Reads <c>?status=placed</c> as JSON and Swagger write it. Minimal APIs accept enum members only by their C# names (<c>Placed</c>),
    /// and any number besides, so the value is translated before binding.
    /// </summary>
    public static void UseEnumParameters(this WebApplication app) => app.Use((http, next) =>
    {
        foreach (var parameter in http.GetEndpoint()?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [])
        {
            var type = Nullable.GetUnderlyingType(parameter.ParameterInfo.ParameterType) ?? parameter.ParameterInfo.ParameterType;
            if (!type.IsEnum)
                continue;
            var name = parameter.ParameterInfo.PublicName();
            if (http.Request.Query.TryGetValue(name, out var value))
                http.Request.Query = Replace(http.Request.Query, name, MemberOf(type, value));
        }

        return next(http);
    });

    /// <summary>A value without a matching member becomes <c>?</c>, which no enum accepts, so binding answers 400.</summary>
    private static string MemberOf(Type type, string? value) =>
        Array.Find(Enum.GetNames(type), name => name.Equals(value, StringComparison.OrdinalIgnoreCase)) ?? "?";

    private static QueryCollection Replace(IQueryCollection query, string name, string value)
    {
        var values = query.ToDictionary(StringComparer.OrdinalIgnoreCase);
        values[name] = value;
        return new(values);
    }
}
