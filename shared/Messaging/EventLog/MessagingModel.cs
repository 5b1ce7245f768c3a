using Microsoft.EntityFrameworkCore;

namespace OrderPlatform.Messaging;

/// <summary>The tables of the messaging library, as part of each service's own database and migrations.</summary>
public static class MessagingModel
{
    internal const string Schema = "messaging";

    /// <summary>Adds event log, relay cursor, inbox and parked events; call it in <c>OnModelCreating</c>.</summary>
    public static ModelBuilder AddMessaging(this ModelBuilder model)
    {
        model.Entity<LoggedEvent>(log =>
        {
            log.ToTable("event_log", Schema);
            log.HasKey(e => e.Position);
            log.Property(e => e.Position).UseIdentityAlwaysColumn();
            log.HasIndex(e => new { e.Stream, e.Sequence }).IsUnique();
            log.Property(e => e.Stream).HasMaxLength(100);
            log.Property(e => e.Data).HasColumnType("json");
        });
        model.Entity<RelayCursor>(cursor =>
        {
            cursor.ToTable("relay_cursor", Schema);
            cursor.Property(c => c.Id).ValueGeneratedNever();
            cursor.HasData(new { Id = 1, Position = 0L, Gaps = Array.Empty<long>() });
        });
        model.Entity<InboxEntry>(inbox =>
        {
            inbox.ToTable("inbox", Schema);
            inbox.HasKey(e => new { e.EventId, e.Queue });
            inbox.Property(e => e.ReceivedAt).HasDefaultValueSql("now()");
        });
        model.Entity<ParkedEvent>(parked =>
        {
            parked.ToTable("parked_events", Schema);
            parked.HasKey(e => new { e.EventId, e.Queue });
            parked.HasIndex(e => new { e.Queue, e.Stream });
            parked.Property(e => e.Body).HasColumnType("json");
            parked.Property(e => e.ParkedAt).HasDefaultValueSql("now()");
            parked.Property(e => e.Failures).HasDefaultValue(0);
            parked.Property(e => e.RetryAt).HasDefaultValueSql("now() + interval '30 seconds'");
            parked.HasIndex(e => e.RetryAt);
        });
        return model;
    }
}
