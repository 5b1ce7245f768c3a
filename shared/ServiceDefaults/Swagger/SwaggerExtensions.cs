using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace OrderPlatform.ServiceDefaults.Swagger;

internal static class SwaggerExtensions
{
    /// <summary>The document's descriptions are the XML comments of the service and of the contracts.</summary>
    public static void AddServiceSwagger(this WebApplicationBuilder builder, string service)
    {
        var assembly = Assembly.Load(builder.Environment.ApplicationName);
        builder.Services.AddEndpointsApiExplorer();
        builder.Services.AddSwaggerGen(swagger =>
        {
            swagger.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = $"{char.ToUpperInvariant(service[0])}{service[1..]}",
                Description = assembly.GetCustomAttribute<AssemblyDescriptionAttribute>()?.Description,
                Version = "v1",
            });
            foreach (var comments in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.xml").Where(DocumentsAnAssembly))
                swagger.IncludeXmlComments(comments);
            swagger.SupportNonNullableReferenceTypes();
            swagger.NonNullableReferenceTypesAsRequired();
            // Otherwise a property of a record or enum type loses its own description.
            swagger.UseAllOfToExtendReferenceSchemas();
            // Use cases may have nested records of the same name.
            var byName = swagger.SchemaGeneratorOptions.SchemaIdSelector;
            swagger.CustomSchemaIds(type => $"{type.DeclaringType?.Name}{byName(type)}");
            swagger.CustomOperationIds(OperationId);
            swagger.TagActionsBy(Tags);
            swagger.SchemaFilter<RecordLimits>();
            swagger.OperationFilter<ProblemDocumentation>();
        });
    }

    public static void MapServiceSwagger(this WebApplication app)
    {
        app.MapSwagger().DisableHttpMetrics();
        app.MapSwaggerUI().DisableHttpMetrics();
    }

    private static bool DocumentsAnAssembly(string xml) => File.Exists(Path.ChangeExtension(xml, ".dll"));

    /// <summary>The use case's name, <c>PlaceOrder</c>, rather than <c>Handle</c>.</summary>
    private static string? OperationId(ApiDescription api) =>
        api.TryGetMethodInfo(out var handler) && handler.Name == "Handle" ? handler.DeclaringType?.Name : null;

    /// <summary>The tags from <c>WithTags</c>, or else the first segment of the path.</summary>
    private static IList<string> Tags(ApiDescription api) =>
        api.ActionDescriptor.EndpointMetadata.OfType<ITagsMetadata>().LastOrDefault()?.Tags.ToArray() ?? [api.RelativePath!.Split('/')[0]];
}
