using System.Text.RegularExpressions;

namespace OrderPlatform.Observability.Tests;

/// <summary>Configuration, rules, their unit tests and their runbooks, as files.</summary>
public sealed partial class RuleTests
{
    public static TheoryData<string> Alerts => [.. AlertNames()];

    [Fact]
    public Task Prometheus_accepts_its_configuration() =>
        Tool.Run("promtool", "check", "config", Deployed.Path("prometheus", "prometheus.yml"));

    [Fact]
    public Task Alertmanager_accepts_its_configuration() =>
        Tool.Run("amtool", "check-config", Deployed.Path("alertmanager", "alertmanager.yml"));

    [Fact]
    public Task The_rules_pass_their_unit_tests() =>
        Tool.Run("promtool", ["test", "rules", .. Deployed.Files("*.yml", "prometheus", "tests").Where(file => !IsOverDays(file))]);

    [LongFact]
    public Task The_rules_pass_their_unit_tests_over_days() =>
        Tool.Run("promtool", ["test", "rules", .. Deployed.Files("*.yml", "prometheus", "tests").Where(IsOverDays)]);

    [Theory]
    [MemberData(nameof(Alerts))]
    public void Unit_tests_cover_an_alert_that_fires_and_one_that_does_not(string alert)
    {
        var tests = string.Concat(Deployed.Files("*.yml", "prometheus", "tests").Select(File.ReadAllText));

        Assert.Matches($@"alertname: {alert}\s+exp_alerts:\s+- exp_labels:", tests);
        Assert.Contains($"alertname: {alert}, exp_alerts: [] }}", tests, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Alerts))]
    public void An_alert_has_a_test_that_sees_it_fire(string alert) =>
        Assert.Contains(typeof(AlertTests).GetMethods(), test => test.GetCustomAttributes(inherit: false)
            .OfType<TraitAttribute>().Any(trait => trait.Name == AlertTests.Alert && trait.Value == alert));

    [Theory]
    [MemberData(nameof(Alerts))]
    public void An_alert_has_a_severity_and_a_runbook(string alert)
    {
        var rule = Rules().Single(rule => rule.Contains($"alert: {alert}\n", StringComparison.Ordinal));
        var runbook = Deployed.Text("prometheus", "README.md").Split("\n## ").SingleOrDefault(part => part.Split('\n')[0] == alert);

        Assert.Matches("severity: (critical|warning)", rule);
        Assert.Contains("summary: ", rule, StringComparison.Ordinal);
        Assert.Contains($"runbook_url: deploy/prometheus/README.md#{alert.ToLowerInvariant()}\n", rule, StringComparison.Ordinal);
        Assert.True(runbook is not null, $"{alert} has no runbook.");
        foreach (var part in (string[])["**Means:**", "**Look:**", "**Do:**"])
            Assert.Contains(part, runbook, StringComparison.Ordinal);
        var severity = rule.Contains("severity: critical", StringComparison.Ordinal) ? "(critical)" : "(warning)";
        Assert.Contains(severity, runbook, StringComparison.Ordinal);
    }

    [Fact]
    public void Alertmanager_refers_only_to_existing_alerts()
    {
        var alerts = AlertNames();
        var named = AlertNameMatcher().Matches(Deployed.Text("alertmanager", "alertmanager.yml"))
            .SelectMany(match => match.Groups[1].Value.Split('|')).ToArray();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(alerts, alert => Regex.IsMatch(alert, $"^{name}$")));
    }

    private static bool IsOverDays(string file) => file.EndsWith("-days.yml", StringComparison.Ordinal);

    private static IReadOnlyList<string> AlertNames() =>
        [.. Rules().Select(rule => AlertName().Match(rule)).Where(match => match.Success).Select(match => match.Groups[1].Value)];

    private static IEnumerable<string> Rules() => Deployed.Files("*.yml", "prometheus", "rules")
        .SelectMany(file => File.ReadAllText(file).Split("\n      - "));

    [GeneratedRegex(@"^alert: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex AlertName();

    [GeneratedRegex("alertname =~? \"([^\"]+)\"")]
    private static partial Regex AlertNameMatcher();
}
