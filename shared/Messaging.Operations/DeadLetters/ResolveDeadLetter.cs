using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterItem>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/dead-letters/{id}/resolve</c></summary>
internal static class ResolveDeadLetter
{
    /// <summary>
    /// Marks a dead letter as resolved: an operator has dealt with it by other means. Its event will not take effect later.
    /// </summary>
    /// <param name="request">The reason, and what happens to the events that wait for it.</param>
    /// <response code="200">It is resolved.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="404"><c>dead-letter-not-found</c></response>
    /// <response code="409">
    /// It is already closed: <c>dead-letter-resolved</c> or <c>dead-letter-discarded</c>.
    /// </response>
    public static Task<Answer> Handle(
        Guid id, CloseRequest request, DbContext database, Operator who, CancellationToken cancellationToken) =>
        CloseDeadLetter.Close(id, request, DeadLetterState.Resolved, "resolve", database, who, cancellationToken);
}
