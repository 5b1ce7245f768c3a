using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Messaging.Inbox;

namespace OrderPlatform.Messaging;

/// <summary>The tables of the messaging library, as part of each service's own database and model.</summary>
public static class MessagingModel
{
    private const string Schema = "messaging";

    /// <summary>
    /// Adds the event log, the relay's cursor, the inbox and the deferred events; call it in <c>OnModelCreating</c>.
    /// <see cref="Storage.MessagingSchema.CreateMessaging"/> creates the tables.
    /// </summary>
    public static ModelBuilder AddMessaging(this ModelBuilder model)
    {
        model.Entity<LoggedEvent>(log =>
        {
            log.ToTable("event_log", Schema, table => table.ExcludeFromMigrations());
            // In the database the key also includes the event's id, which determines the row's partition.
            log.HasKey(e => e.Position);
            log.ComplexProperty(e => e.Event, EventRows.Map);
        });
        model.Entity<RelayCursor>(cursor => cursor.ToTable("relay_cursor", Schema, table => table.ExcludeFromMigrations()));
        model.Entity<InboxEntry>(inbox =>
        {
            inbox.ToTable("inbox", Schema, table => table.ExcludeFromMigrations());
            inbox.HasKey(e => new { e.EventId, e.Queue });
        });
        model.Entity<DeferredEvent>(deferred =>
        {
            deferred.ToTable("deferred_events", Schema, table => table.ExcludeFromMigrations());
            // The key includes the event's id, which Entity Framework cannot see inside a complex property.
            deferred.HasNoKey();
            deferred.ComplexProperty(e => e.Event, EventRows.Map);
        });
        return model;
    }
}
