using System.Text.RegularExpressions;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Statements that are too long for a string: files named <c>Class.Statement.sql</c> beside the class that runs them.</summary>
internal static partial class EmbeddedSql
{
    /// <summary>Reads the statement of a class.</summary>
    /// <param name="owner">The class that the file belongs to.</param>
    /// <param name="statement">The part of the file's name between the class and <c>.sql</c>.</param>
    /// <param name="parts">The text for each <c>{name}</c> in the file: SQL that the program composes, never input.</param>
    /// <exception cref="InvalidOperationException">The file is not embedded, or needs a part that is not given.</exception>
    public static string Of(Type owner, string statement, params (string Name, string Sql)[] parts)
    {
        var name = $"{owner.FullName}.{statement}.sql";
        using var stream = owner.Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{owner.Assembly.GetName().Name} has no embedded file {name}.");
        using var reader = new StreamReader(stream);
        var given = parts.ToDictionary(part => part.Name, part => part.Sql);
        return Part.Replace(reader.ReadToEnd(), match => given.TryGetValue(match.Groups[1].Value, out var sql)
            ? sql
            : throw new InvalidOperationException($"{name} needs {match.Value}, which is not given."));
    }

    [GeneratedRegex(@"\{([a-z_]+)\}")]
    private static partial Regex Part { get; }
}
