namespace OrderPlatform.Messaging.Storage;

/// <summary>Statements that are too long for a string: files named <c>Class.Statement.sql</c> beside the class that runs them.</summary>
internal static class EmbeddedSql
{
    /// <summary>Reads the statement of a class; once, into a static field.</summary>
    /// <param name="owner">The class beside which the file lies.</param>
    /// <param name="statement">The part of the file's name between the class and <c>.sql</c>.</param>
    /// <exception cref="InvalidOperationException">The file is not embedded.</exception>
    public static string Of(Type owner, string statement)
    {
        var name = $"{owner.FullName}.{statement}.sql";
        using var stream = owner.Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{owner.Assembly.GetName().Name} has no embedded file {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
