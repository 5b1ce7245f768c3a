using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Operations.Rebuilds;

/// <summary>An entity whose rows are the fold of their streams and nothing else.</summary>
/// <param name="FirstEvent">The wire address of the event that every stream begins with.</param>
/// <param name="Begin">Creates the row that this event is applied to, with only its key.</param>
internal sealed record RowFold(Type Row, string FirstEvent, Func<object, EventSourcedEntity> Begin);
