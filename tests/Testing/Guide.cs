using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Testing;

/// <summary>The commands of a chapter of a README, for tests that run them as they stand there.</summary>
public sealed partial class Guide
{
    private readonly string chapter;

    private Guide(string chapter) => this.chapter = chapter;

    /// <summary>All that somebody is to run or to set, in order.</summary>
    public IEnumerable<string> Blocks => Block().Matches(chapter).Select(match => match.Groups[1].Value);

    /// <summary>From a heading of the second rank to the next.</summary>
    public static Guide Read(string readme, string heading)
    {
        var text = File.ReadAllText(readme);
        var begin = text.IndexOf($"\n## {heading}\n", StringComparison.Ordinal) + 1;
        if (begin == 0)
            throw new ArgumentException($"There is no chapter '{heading}'.", nameof(heading));
        var end = text.IndexOf("\n## ", begin, StringComparison.Ordinal);
        return new Guide(end < 0 ? text[begin..] : text[begin..end]);
    }

    /// <summary>The first block after some words.</summary>
    public string After(string words)
    {
        var begin = chapter.IndexOf(words, StringComparison.Ordinal);
        return begin < 0
            ? throw new ArgumentException($"The guide does not say '{words}'.", nameof(words))
            : Block().Match(chapter, begin).Groups[1].Value;
    }

    /// <summary>Runs a block in a shell that ends at the first command which fails.</summary>
    /// <returns>Its exit code, and what it wrote.</returns>
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

    /// <summary>The JSON that several commands have written, one after the other.</summary>
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
