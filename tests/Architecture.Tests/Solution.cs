using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace OrderPlatform.Architecture.Tests;

/// <summary>The projects of the repository.</summary>
internal static partial class Solution
{
    public static readonly string Root = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>Found by folder, so a new service is included automatically.</summary>
    public static readonly IReadOnlyList<Project> Services = ProjectsIn("services");

    public static readonly IReadOnlyList<Project> Shared = ProjectsIn("shared");

    public static readonly Project Contracts = Shared.Single(project => project.Name == "Contracts");

    /// <summary>The projects of the solution file, each with its path and its solution folder.</summary>
    public static IEnumerable<(string Path, string Folder)> Entries()
    {
        var text = File.ReadAllText(Path.Combine(Root, "OrderPlatform.sln"));
        var parents = Nesting().Matches(text).ToDictionary(match => match.Groups["child"].Value, match => match.Groups["parent"].Value);
        var entries = Entry().Matches(text)
            .ToDictionary(match => match.Groups["id"].Value, match => (Name: match.Groups["name"].Value, Path: match.Groups["path"].Value));
        string FolderOf(string id) =>
            parents.TryGetValue(id, out var parent) ? $"{FolderOf(parent)}/{entries[parent].Name}".TrimStart('/') : "";
        return entries
            .Where(entry => entry.Value.Path.EndsWith(".csproj", StringComparison.Ordinal))
            .Select(entry => (entry.Value.Path.Replace('\\', '/'), FolderOf(entry.Key)));
    }

    [GeneratedRegex("""^Project\("[^"]+"\) = "(?<name>[^"]+)", "(?<path>[^"]+)", "(?<id>[^"]+)" *\r?$""", RegexOptions.Multiline)]
    private static partial Regex Entry();

    [GeneratedRegex(@"^\t\t(?<child>\{\S+\}) = (?<parent>\{\S+\})\r?$", RegexOptions.Multiline)]
    private static partial Regex Nesting();

    private static Project[] ProjectsIn(string folder) =>
    [
        .. Directory.GetFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories)
            .Order()
            .Select(file => new Project(file)),
    ];

    private static string FindRoot(DirectoryInfo? directory)
    {
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "OrderPlatform.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The tests are not in their repository.");
    }
}

/// <summary>A project: its file, its assembly, its sources.</summary>
internal sealed class Project(string file)
{
    public string Name { get; } = Path.GetFileNameWithoutExtension(file);

    public string Folder { get; } = Path.GetDirectoryName(file)!;

    public Assembly Assembly => Assembly.Load($"OrderPlatform.{Name}");

    /// <summary>The file names of the projects that it references.</summary>
    public IEnumerable<string> ProjectReferences =>
        References("ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

    public IEnumerable<string> PackageReferences => References("PackageReference");

    public IEnumerable<string> Sources => Directory.GetFiles(Folder, "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.StartsWith(Path.Combine(Folder, "obj"), StringComparison.Ordinal));

    public override string ToString() => Name;

    private IEnumerable<string> References(string item) =>
        XDocument.Load(file).Descendants(item).Select(reference => reference.Attribute("Include")!.Value);
}
