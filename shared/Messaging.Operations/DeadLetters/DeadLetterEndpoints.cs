using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>The routes of dead letters.</summary>
internal static class DeadLetterEndpoints
{
    /// <summary>Bytes: a body of 1 MiB with every character escaped.</summary>
    private const long LongestEdit = 6 * 1024 * 1024 + 64 * 1024;

    /// <summary>Maps <c>/ops/dead-letters</c>.</summary>
    public static void MapDeadLetters(this IEndpointRouteBuilder ops)
    {
        var letters = ops.MapGroup("/dead-letters").WithTags("Dead letters");
        letters.MapGet("", ListDeadLetters.Handle).ProducesValidationProblem();
        letters.MapGet("/groups", GroupDeadLetters.Handle).ProducesValidationProblem();
        letters.MapGet("/{id:guid}", GetDeadLetter.Handle).ProducesProblem(404);
        letters.MapGet("/redrives", ListRedrives.Handle);
        letters.MapPost("/redrives", RedriveDeadLetters.Handle).ProducesValidationProblem();
        letters.MapPost("/redrives/{id:guid}/cancel", CancelRedrive.Handle).ProducesValidationProblem().ProducesProblem(409);
        letters.MapPost("/{id:guid}/redrive", RedriveDeadLetter.Handle)
            .ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
        letters.MapPut("/{id:guid}/body", EditDeadLetter.Handle).WithMetadata(new RequestSizeLimitAttribute(LongestEdit))
            .ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
        letters.MapPost("/{id:guid}/discard", DiscardDeadLetter.Handle)
            .ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
        letters.MapPost("/{id:guid}/resolve", ResolveDeadLetter.Handle)
            .ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
        letters.MapPost("/{id:guid}/release", ReleaseFollowers.Handle)
            .ProducesValidationProblem().ProducesProblem(404).ProducesProblem(409);
    }
}
