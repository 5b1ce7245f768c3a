using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Messaging.Tests;

/// <summary>The commands of the operator's guide, each block on a dead letter of its own.</summary>
public sealed partial class DeadLetterGuideTests : DeadLetterTest
{
    [Fact]
    public async Task Every_command_of_the_guide_works()
    {
        var ledger = await StartApp();
        var readme = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "README.md"), Cancellation);
        var guide = readme[
            readme.IndexOf("## Dead letters", StringComparison.Ordinal)..readme.IndexOf("## On the wire", StringComparison.Ordinal)];
        var blocks = Block().Matches(guide).Select(match => match.Groups[1].Value).ToArray();
        Assert.True(blocks.Length >= 7);
        using var directory = new TemporaryDirectory();

        foreach (var block in blocks)
        {
            var account = Guid.CreateVersion7();
            var (id, _) = await Fail(ledger, account);
            await File.WriteAllTextAsync(
                Path.Combine(directory.Path, "edited.json"),
                JsonSerializer.Serialize(new { body = $$"""{"accountId":"{{account}}"}""", reason = "It was wrong." }),
                Cancellation);
            using var bash = Process.Start(new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", block])
            {
                WorkingDirectory = directory.Path,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["ops"] = $"{ledger.Http.BaseAddress}ops/dead-letters", ["id"] = id.ToString() },
            })!;
            var (output, errors) = (bash.StandardOutput.ReadToEndAsync(Cancellation), bash.StandardError.ReadToEndAsync(Cancellation));
            await bash.WaitForExitAsync(Cancellation);
            Assert.True(bash.ExitCode == 0, $"{block}\n{await output}\n{await errors}");
        }

        Assert.Equal(1, await DeadLetters("state = 'discarded'"));
        Assert.Equal(1, await DeadLetters("original_body IS NOT NULL"));
    }

    [GeneratedRegex("```bash\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    private sealed class TemporaryDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory().FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
