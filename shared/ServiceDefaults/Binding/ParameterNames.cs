using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace OrderPlatform.ServiceDefaults.Binding;

internal static class ParameterNames
{
    /// <summary>The parameter's name in the URL or the header: an attribute such as <c>[FromQuery]</c> may rename it.</summary>
    public static string PublicName(this ParameterInfo parameter) => parameter.GetCustomAttributes().Select(attribute => attribute switch
    {
        IFromQueryMetadata query => query.Name,
        IFromHeaderMetadata header => header.Name,
        IFromRouteMetadata route => route.Name,
        _ => null,
    }).FirstOrDefault(name => name is not null) ?? parameter.Name!;
}
