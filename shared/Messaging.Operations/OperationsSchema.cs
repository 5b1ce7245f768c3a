using Microsoft.EntityFrameworkCore.Migrations;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Operations;

/// <summary>The tables of dead letters, replays and rebuilds, and the functions of retention.</summary>
public static class OperationsSchema
{
    /// <summary>
    /// Creates them in schema <c>messaging</c>; call this in a migration after <see cref="MessagingSchema.CreateMessaging"/>.
    /// </summary>
    public static void CreateMessagingOperations(this MigrationBuilder migration)
    {
        foreach (var script in Scripts())
            migration.Sql(script);
    }

    /// <summary>The files of <c>Schema</c>, in the order of their names.</summary>
    internal static IEnumerable<string> Scripts() => MessagingSchema.Scripts(typeof(OperationsSchema).Assembly);
}
