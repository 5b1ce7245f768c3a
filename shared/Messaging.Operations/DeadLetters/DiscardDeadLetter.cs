using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.Operations.Http;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

using Answer = Results<Ok<DeadLetterItem>, ValidationProblem, ProblemHttpResult>;

/// <summary><c>POST /ops/dead-letters/{id}/discard</c></summary>
internal static class DiscardDeadLetter
{
    /// <summary>Discards a dead letter: it will never take effect.</summary>
    /// <param name="request">The reason, and what happens to the events that wait for it.</param>
    /// <response code="200">It is discarded.</response>
    /// <response code="400">The request is malformed; <c>errors</c> names the fields.</response>
    /// <response code="404"><c>dead-letter-not-found</c></response>
    /// <response code="409">
    /// It is already closed: <c>dead-letter-resolved</c> or <c>dead-letter-discarded</c>.
    /// Or its event has taken effect in the meantime: <c>dead-letter-handled</c>.
    /// </response>
    public static Task<Answer> Handle(
        Guid id, CloseRequest request, DbContext database, Operator who, CancellationToken cancellationToken) =>
        CloseDeadLetter.Close(id, request, DeadLetterState.Discarded, "discard", database, who, cancellationToken);
}
