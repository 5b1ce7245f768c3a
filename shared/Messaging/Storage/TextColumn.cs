using System.Diagnostics.CodeAnalysis;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Which texts of unknown origin a column takes, and how others are made to fit.</summary>
internal static class TextColumn
{
    /// <summary>Whether a text has 1 to so many characters, and no NUL, which PostgreSQL has no place for.</summary>
    public static bool Takes([NotNullWhen(true)] string? text, int length) =>
        text?.Length >= 1 && text.Length <= length && !text.Contains('\0', StringComparison.Ordinal);

    /// <summary>At most so many characters, none of them cut in two, and no NUL.</summary>
    public static string Fit(string text, int length)
    {
        if (text.Length > length)
            text = text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
        return text.Replace('\0', '\uFFFD');
    }
}
