namespace OrderPlatform.Testing;

/// <summary>The files of <c>deploy/</c>.</summary>
public static class Deployed
{
    private static readonly string Root = Find(new DirectoryInfo(AppContext.BaseDirectory));

    public static string Path(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Root, "deploy", .. parts]);

    public static string Text(params ReadOnlySpan<string> parts) => File.ReadAllText(Path(parts));

    /// <summary>The files that match a pattern, sorted by name.</summary>
    public static string[] Files(string pattern, params ReadOnlySpan<string> parts) =>
        [.. Directory.GetFiles(Path(parts), pattern).Order(StringComparer.Ordinal)];

    private static string Find(DirectoryInfo? directory)
    {
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "OrderPlatform.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The tests are not in their repository.");
    }
}
