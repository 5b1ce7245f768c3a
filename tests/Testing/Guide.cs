using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Testing;

/// <summary>The commands of a README section, for tests that run them as they are printed.</summary>
public sealed partial class Guide
{
    private readonly string chapter;

    private Guide(string chapter) => this.chapter = chapter;

    /// <summary>All code blocks to run or to copy into settings, in order.</summary>
    public IEnumerable<string> Blocks => Block().Matches(chapter).Select(match => match.Groups[1].Value);

    /// <summary>Reads the section from a second-level heading to the next.</summary>
    public static Guide Read(string readme, string heading)
    {
        var text = File.ReadAllText(readme);
        var begin = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal) + 1;
        if (begin == 0)
            throw new ArgumentException($"There is no section '{heading}'.", nameof(heading));
        var end = text.IndexOf("\n## ", begin, StringComparison.Ordinal);
        return new Guide(end < 0 ? text[begin..] : text[begin..end]);
    }

    /// <summary>The first code block after some words.</summary>
    public string After(string words)
    {
        var begin = chapter.IndexOf(words, StringComparison.Ordinal);
        return begin < 0
            ? throw new ArgumentException($"The guide does not say '{words}'.", nameof(words))
            : Block().Match(chapter, begin).Groups[1].Value;
    }

    /// <summary>Runs a block in a shell that exits at the first command that fails.</summary>
    /// <returns>Its exit code, standard output and standard error.</returns>
    public static async Task<(int ExitCode, string Output, string Errors)> Run(string block, string directory)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", block])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (bash.StandardOutput.ReadToEndAsync(), bash.StandardError.ReadToEndAsync());
        await bash.WaitForExitAsync();
        return (bash.ExitCode, await output, await errors);
    }

    /// <summary>The JSON values that several commands wrote, one after another.</summary>
    public static List<JsonElement> Answers(string output)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(output), new JsonReaderOptions { AllowMultipleValues = true });
        var answers = new List<JsonElement>();
        while (reader.Read())
            answers.Add(JsonElement.ParseValue(ref reader));
        return answers;
    }

    [GeneratedRegex("```(?:bash|sh|sql|ini)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
