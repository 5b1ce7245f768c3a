namespace OrderPlatform.Credentials;

internal static class Files
{
    public const UnixFileMode ForOneself = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Each container's process has its own user id, and no other container mounts its volume.</summary>
    public const UnixFileMode ForItsContainer = ForOneself | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a file atomically. A file that already has the right content is left alone.</summary>
    public static void Write(string path, string content, UnixFileMode mode)
    {
        if (File.Exists(path) && File.ReadAllText(path) == content)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = $"{path}.new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using (var writer = new StreamWriter(draft, options))
            writer.Write(content);
        File.Move(draft, path, overwrite: true);
    }
}
