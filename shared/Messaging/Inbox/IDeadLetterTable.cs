using Npgsql;
using OrderPlatform.Messaging.Events;

namespace OrderPlatform.Messaging.Inbox;

/// <summary>
/// The dead letters, as the inbox's own transactions write them; adapters use <see cref="Transport.IDeadLetterStore"/>. A service without
/// operations registers none.
/// </summary>
internal interface IDeadLetterTable
{
    /// <summary>
    /// Files a deferred event whose handler keeps failing, in the transaction that takes it out of the deferred events.
    /// </summary>
    /// <param name="batch">The batch that the statement is added to.</param>
    /// <param name="queue">The queue that could not handle it.</param>
    /// <param name="cause">The exception that its handler threw.</param>
    void AddTo(NpgsqlBatch batch, string queue, EventEnvelope @event, Exception cause);
}
