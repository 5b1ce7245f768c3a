using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OrderPlatform.Messaging;

/// <summary>What operators need to see and to do, the same on every service.</summary>
public static class OpsEndpoints
{
    /// <summary>The authorization policy of everything under <c>/ops</c>.</summary>
    public const string Policy = "ops";

    /// <summary>Maps <c>/ops</c>.</summary>
    public static void MapOps(this IEndpointRouteBuilder app)
    {
        var ops = app.MapGroup("/ops").WithTags("Ops").RequireAuthorization(Policy);
        ops.MapGet("/events", ListEvents.Handle).ProducesValidationProblem();
        ops.MapDeadLetters();
    }
}
