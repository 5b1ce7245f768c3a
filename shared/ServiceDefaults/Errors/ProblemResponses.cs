using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace OrderPlatform.ServiceDefaults.Errors;

internal static class ProblemResponses
{
    /// <summary>Makes every error response an RFC 9457 problem with <c>type</c>, <c>code</c>, <c>detail</c> and <c>traceId</c>.</summary>
    public static void AddProblemResponses(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ExceptionProblems>();
        // The exception says which field is wrong; by default it is thrown in Development only.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
    }
}
