using System.Reflection;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderPlatform.Messaging.Storage;

/// <summary>
/// The library's own tables, in SQL: Entity Framework does not support partitions. They are part of each service's first migration, so
/// they are created together with the service's own tables.
/// </summary>
public static class MessagingSchema
{
    /// <summary>Creates schema <c>messaging</c> with all its tables; call it in the service's first migration.</summary>
    public static void CreateMessaging(this MigrationBuilder migration)
    {
        foreach (var script in Scripts(typeof(MessagingSchema).Assembly))
            migration.Sql(script);
    }

    /// <summary>Drops the schema with everything in it.</summary>
    public static void DropMessaging(this MigrationBuilder migration) => migration.Sql("DROP SCHEMA messaging CASCADE");

    /// <summary>The scripts of an assembly of the library, in the order of their names.</summary>
    internal static IEnumerable<string> Scripts(Assembly assembly)
    {
        var scripts = assembly.GetManifestResourceNames().Where(name => name.StartsWith("Schema/", StringComparison.Ordinal));
        foreach (var name in scripts.Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }
    }
}
