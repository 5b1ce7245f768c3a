using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>Rows that are the fold of their streams and nothing else.</summary>
/// <param name="Row">The entity.</param>
/// <param name="FirstEvent">The wire address of the event that every stream begins with.</param>
/// <param name="Begin">Makes the row that it is applied to, with nothing but its key.</param>
internal sealed record RowFold(Type Row, string FirstEvent, Func<object, EventSourcedEntity> Begin);
