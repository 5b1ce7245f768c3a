using System.Reflection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace OrderPlatform.ServiceDefaults.Swagger;

/// <summary>
/// Documents the limits that <c>AddValidation()</c> checks. In a positional record the attributes belong to the constructor's parameters,
/// which Swashbuckle ignores.
/// </summary>
internal sealed class RecordLimits : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.MemberInfo is not PropertyInfo { DeclaringType: { } record } property || schema is not OpenApiSchema limited)
            return;
        var parameter = record.GetConstructors().SelectMany(constructor => constructor.GetParameters())
            .FirstOrDefault(parameter => parameter.Name == property.Name);
        if (parameter is not null)
            limited.ApplyValidationAttributes(parameter.GetCustomAttributes());
    }
}
