using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.ServiceDefaults;

internal static class Swagger
{
    public static void AddServiceSwagger(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddEndpointsApiExplorer();
        builder.Services.AddSwaggerGen();
    }

    public static void MapServiceSwagger(this WebApplication app)
    {
        app.MapSwagger();
        app.MapSwaggerUI();
    }
}
