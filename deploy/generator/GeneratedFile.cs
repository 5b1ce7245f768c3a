using System.Text.RegularExpressions;

namespace OrderPlatform.DeploymentGenerator;

/// <summary>A file that is generated, as a whole or in parts.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="Generate">Turns the file's current content into the content it should have.</param>
public sealed record GeneratedFile(string Path, Func<string, string> Generate)
{
    public static GeneratedFile Whole(string path, string content) => new(path, _ => content);

    /// <summary>Replaces only the parts between the comments that name them; they keep their indentation.</summary>
    public static GeneratedFile Parts(string path, params (string Name, IEnumerable<string> Lines)[] parts) =>
        new(path, current => parts.Aggregate(current, (text, part) => Replace(path, text, part.Name, part.Lines)));

    private static string Replace(string path, string text, string name, IEnumerable<string> lines)
    {
        var part = new Regex(
            $@"^(?<begin>(?<indent> *)(#|<!--) begin generated: {name} \(deploy/generate\)( -->)?\n).*?(?<end>^ *(#|<!--) end generated)",
            RegexOptions.Multiline | RegexOptions.Singleline);
        if (part.Count(text) != 1)
            throw new FormatException($"{path} must have one part 'begin generated: {name} (deploy/generate)' … 'end generated'.");
        return part.Replace(text, match => match.Groups["begin"].Value
            + string.Concat(lines.Select(line => line.Length == 0 ? "\n" : $"{match.Groups["indent"].Value}{line}\n"))
            + match.Groups["end"].Value);
    }
}
