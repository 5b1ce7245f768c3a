using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrderPlatform.Messaging.Operations.DeadLetters;
using OrderPlatform.Messaging.Operations.History;
using OrderPlatform.Messaging.Operations.Http;
using OrderPlatform.Messaging.Operations.Page;
using OrderPlatform.Messaging.Operations.Rebuilds;
using OrderPlatform.Messaging.Operations.Replays;
using OrderPlatform.Messaging.Operations.Status;

namespace OrderPlatform.Messaging.Operations;

/// <summary>The endpoints for operators, the same on every service.</summary>
public static class OpsEndpoints
{
    /// <summary>The authorization policy of everything under <c>/ops</c>.</summary>
    public const string Policy = "ops";

    /// <summary>The CORS policy for requests from the pages of the other services.</summary>
    internal const string Peers = "ops-peers";

    /// <summary>Maps the operators' page and API under <c>/ops</c>.</summary>
    public static void MapOps(this IEndpointRouteBuilder app)
    {
        var ops = app.MapGroup("/ops").WithTags("Ops").RequireAuthorization(Policy).AddEndpointFilter(Operator.Check);
        ops.MapPage();
        ops.MapGet("/events", ListEvents.Handle).ProducesValidationProblem();
        ops.MapDeadLetters();
        ops.MapReplays();
        ops.MapRebuilds();
        ops.MapGet("/status", GetStatus.Handle);
        ops.MapGet("/deferred", ListDeferred.Handle).ProducesValidationProblem();
        ops.MapGet("/timelines/{stream}", GetTimeline.Handle).ProducesValidationProblem().RequireCors(Peers);
    }
}
