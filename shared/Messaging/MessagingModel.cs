using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Messaging;

/// <summary>The tables of the messaging library, as part of each service's own database and model.</summary>
public static class MessagingModel
{
    private const string Schema = "messaging";

    /// <summary>
    /// Adds event log, relay cursor, inbox and deferred events; call it in <c>OnModelCreating</c>. The tables themselves are made by
    /// <see cref="MessagingSchema.CreateMessaging"/>.
    /// </summary>
    public static ModelBuilder AddMessaging(this ModelBuilder model)
    {
        model.Entity<LoggedEvent>(log =>
        {
            log.ToTable("event_log", Schema, table => table.ExcludeFromMigrations());
            // In the database together with the event's id, which says in which partition it is.
            log.HasKey(e => e.Position);
            log.Property(e => e.Stream).HasMaxLength(100);
            log.Property(e => e.Data).HasColumnType("json");
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
            deferred.HasKey(e => new { e.EventId, e.Queue });
            deferred.Property(e => e.Body).HasColumnType("json");
        });
        return model;
    }
}
