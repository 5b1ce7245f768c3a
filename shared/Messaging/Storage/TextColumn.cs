using System.Diagnostics.CodeAnalysis;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Checks whether text of unknown origin fits a column, and adapts text that does not.</summary>
internal static class TextColumn
{
    /// <summary>Whether text has 1 to <paramref name="length"/> characters and no NUL, which PostgreSQL cannot store.</summary>
    public static bool Takes([NotNullWhen(true)] string? text, int length) =>
        text?.Length >= 1 && text.Length <= length && !text.Contains('\0', StringComparison.Ordinal);

    /// <summary>Truncates text to <paramref name="length"/> characters, without splitting a surrogate pair, and replaces NUL.</summary>
    public static string Fit(string text, int length)
    {
        if (text.Length > length)
            text = text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
        return text.Replace('\0', '\uFFFD');
    }
}
