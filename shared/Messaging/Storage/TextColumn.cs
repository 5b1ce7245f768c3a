namespace OrderPlatform.Messaging;

/// <summary>Makes texts of unknown origin fit into a column.</summary>
internal static class TextColumn
{
    /// <summary>At most so many characters, none of them cut in two, and no NUL, which PostgreSQL has no place for.</summary>
    public static string Fit(string text, int length)
    {
        if (text.Length > length)
            text = text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
        return text.Replace('\0', '\uFFFD');
    }
}
