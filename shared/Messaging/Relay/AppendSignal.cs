using OrderPlatform.Messaging.Batching;

namespace OrderPlatform.Messaging.Relay;

/// <summary>Wakes the relay when a commit has appended events.</summary>
internal sealed class AppendSignal() : CommitSignal(unit => unit.HasAppended);
