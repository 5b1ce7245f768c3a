using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.ServiceDefaults.Binding;

internal static class StrictJson
{
    /// <summary>camelCase in both directions, and strict: a misspelt property is an error, not ignored.</summary>
    public static void AddStrictJson(this IServiceCollection services) => services.ConfigureHttpJsonOptions(json =>
    {
        var options = json.SerializerOptions;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.NumberHandling = JsonNumberHandling.Strict;
        options.PropertyNameCaseInsensitive = false;
        options.AllowDuplicateProperties = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.TypeInfoResolver = options.TypeInfoResolver!.WithAddedModifier(RefuseNullElements);
    });

    /// <summary>RespectNullableAnnotations checks properties only; without this, <c>[null]</c> would pass as a list of lines.</summary>
    private static void RefuseNullElements(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || type.OnDeserialized is not null)
            return;
        var lists = type.Properties.Where(HasNonNullElements).ToArray();
        if (lists.Length > 0)
        {
            type.OnDeserialized = value =>
            {
                foreach (var list in lists)
                    Check(list.Name, (IEnumerable?)list.Get!(value));
            };
        }
    }

    private static bool HasNonNullElements(JsonPropertyInfo property)
    {
        if (property is not { Get: not null, AttributeProvider: PropertyInfo declared })
            return false;
        if (declared.PropertyType == typeof(string) || !declared.PropertyType.IsAssignableTo(typeof(IEnumerable)))
            return false;
        var list = new NullabilityInfoContext().Create(declared);
        var element = list.ElementType ?? list.GenericTypeArguments.FirstOrDefault();
        return element is { ReadState: NullabilityState.NotNull, Type.IsValueType: false };
    }

    private static void Check(string list, IEnumerable? elements)
    {
        var index = 0;
        foreach (var element in elements ?? Array.Empty<object>())
        {
            if (element is null)
                throw new NullElementException($"{list}[{index}]");
            index++;
        }
    }
}
