using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrderPlatform.Compose.Tests;

/// <summary>Rules for every container, checked on the file as Compose resolves it; this needs no engine.</summary>
public sealed partial class ComposeFileTests
{
    [Fact]
    public async Task Every_installed_version_of_Compose_reads_the_file()
    {
        var read = 0;
        foreach (var version in Compose.Versions)
        {
            if (!await Compose.Has(version))
                continue;
            var result = await Compose.With(version, "--profile", "load", "config", "--quiet");
            Assert.True(result.Succeeded && result.Output.Length == 0, result.Output);
            read++;
        }

        if (read == 0)
            Assert.Skip("Compose is not installed.");
    }

    [Fact]
    public async Task Every_container_has_limits_and_no_special_privileges()
    {
        foreach (var (name, container) in await Containers())
        {
            Assert.True(container.TryGetProperty("mem_limit", out _), $"{name} has no memory limit");
            Assert.Equal("ALL", container.GetProperty("cap_drop").EnumerateArray().Single().GetString());
            Assert.Equal("no-new-privileges:true", container.GetProperty("security_opt").EnumerateArray().Single().GetString());
            Assert.True(
                container.GetProperty("logging").GetProperty("options").TryGetProperty("max-size", out _),
                $"{name} has no limit on its log");
            Assert.False(container.TryGetProperty("privileged", out _));
            Assert.True(container.TryGetProperty("restart", out _), $"{name} has no restart policy");
        }
    }

    [Fact]
    public async Task Containers_built_here_have_a_read_only_file_system() =>
        Assert.All(
            (await Containers()).Where(container => container.Value.TryGetProperty("build", out _)),
            container => Assert.True(container.Value.GetProperty("read_only").GetBoolean()));

    [Fact]
    public async Task Ports_are_published_on_the_loopback_address_only() =>
        Assert.All(
            (await Containers()).Values.SelectMany(container => Each(container, "ports")),
            port => Assert.Equal("127.0.0.1", port.GetProperty("host_ip").GetString()));

    /// <summary>PostgreSQL's releases have two numbers (18.6), the others three (4.3.6); a tag with fewer numbers is not fixed.</summary>
    [Fact]
    public async Task Every_image_is_pinned_to_an_exact_release() =>
        Assert.All(
            (await Containers()).Values.Where(container => container.TryGetProperty("image", out _)),
            container => Assert.Matches(
                @"^(postgres:\d+\.\d+|(?!postgres:)[a-z/]+:v?\d+\.\d+\.\d+)(-[a-z]+)*$", container.GetProperty("image").GetString()));

    /// <summary>A new build may bring patches, but no other version or distribution.</summary>
    [Fact]
    public void Base_images_are_pinned_to_a_minor_version_and_a_distribution()
    {
        var stages = Regex.Matches(Compose.Read("deploy/Dockerfile"), "^FROM (?<base>\\S+) AS (?<name>\\S+)$", RegexOptions.Multiline);
        var bases = stages.Select(stage => stage.Groups["base"].Value).Except(stages.Select(stage => stage.Groups["name"].Value)).ToArray();

        Assert.NotEmpty(bases);
        Assert.All(bases, name => Assert.Matches(@"(/dotnet/[a-z]+:\d+\.\d+-noble|^debian:trixie)(-[a-z]+)*$", name));
    }

    [Fact]
    public async Task Tests_use_the_same_server_images_as_the_platform()
    {
        string[] images = ["TEST_POSTGRES_IMAGE", "TEST_RABBITMQ_IMAGE"];
        if (images.Any(image => Environment.GetEnvironmentVariable(image) is { Length: > 0 }))
            Assert.Skip("TEST_POSTGRES_IMAGE or TEST_RABBITMQ_IMAGE chooses another image.");
        var containers = await Containers();

        Assert.Equal(containers["postgres"].GetProperty("image").GetString(), TestServers.DatabaseImage);
        Assert.Equal(containers["rabbitmq"].GetProperty("image").GetString(), TestServers.BrokerImage);
    }

    [Fact]
    public async Task Every_long_running_container_has_a_health_check() =>
        Assert.All(
            (await Containers()).Where(container => Stays(container.Value)),
            container => Assert.True(
                container.Value.TryGetProperty("healthcheck", out var check) && check.GetProperty("test")[0].GetString() != "NONE",
                $"{container.Key} has no health check"));

    /// <summary>With three services, that is less than 3 GB.</summary>
    [Fact]
    public async Task A_service_has_256_MB_and_everything_else_less_than_2304()
    {
        const long MB = 1024 * 1024;
        var limits = (await Containers())
            .Where(container => Stays(container.Value))
            .ToDictionary(
                container => container.Key,
                container => long.Parse(container.Value.GetProperty("mem_limit").GetString()!, CultureInfo.InvariantCulture));

        Assert.All(Compose.Services, service => Assert.Equal(256 * MB, limits[service]));
        Assert.InRange(limits.Where(limit => !Compose.Services.Contains(limit.Key)).Sum(limit => limit.Value), 1, 2304 * MB);
    }

    [Fact]
    public async Task Every_listed_service_is_built_and_has_its_port_at_the_gateway()
    {
        var containers = await Containers();
        var built = containers.Values
            .Where(container => container.TryGetProperty("build", out var build) && build.GetProperty("target").GetString() == "service")
            .Select(container => container.GetProperty("build").GetProperty("args").GetProperty("SERVICE").GetString()!.ToLowerInvariant());

        Assert.Equal(Compose.Services.Order(), built.Order());
        Assert.Equal(Compose.Services.Count, Each(containers["gateway"], "ports").Count());
        Assert.All(Compose.Services, service => Assert.Contains(
            $"secrets-{service}", Each(containers["credentials"], "volumes").Select(volume => volume.GetProperty("source").GetString())));
    }

    /// <summary>Each service's passwords are in a volume that is mounted only there and in the container that generates them.</summary>
    [Fact]
    public async Task No_container_can_see_the_secrets_of_another()
    {
        var mounts =
            from container in await Containers()
            where container.Key != "credentials"
            from volume in Each(container.Value, "volumes")
            let source = volume.GetProperty("source").GetString()!
            where source == "vault" || source.StartsWith("secrets-", StringComparison.Ordinal)
            select (container.Key, source);

        // The container that creates the databases uses the server's image and acts as its administrator.
        Assert.All(mounts, mount => Assert.Equal(mount.Key == "databases" ? "secrets-postgres" : $"secrets-{mount.Key}", mount.source));
        Assert.NotEmpty(mounts);
    }

    /// <summary>The override of shared/Messaging.Operations/Retention/README.md, which shows the part for Orders.</summary>
    [Fact]
    public async Task An_archive_can_be_set_up_as_the_guide_describes()
    {
        var directory = Directory.CreateTempSubdirectory("override-");
        var shown = Yaml().Match(Compose.Read("shared/Messaging.Operations/Retention/README.md")).Groups[1].Value;
        var files = new List<string> { "--file", "docker-compose.yml" };
        foreach (var service in Compose.Services)
        {
            files.AddRange("--file", Path.Combine(directory.FullName, $"{service}.yml"));
            await File.WriteAllTextAsync(files[^1], shown.Replace("orders", service, StringComparison.Ordinal));
        }

        try
        {
            var containers = await Containers([.. files]);
            foreach (var service in Compose.Services)
            {
                var archive = containers[service].GetProperty("environment").GetProperty("Messaging__Retention__Archive__Directory");
                var mounts = Each(containers[service], "volumes").ToDictionary(
                    volume => volume.GetProperty("target").GetString()!, volume => volume.GetProperty("source").GetString());
                Assert.Equal($"archive-{service}", mounts[archive.GetString()!]);
                Assert.Contains("/run/secrets", mounts.Keys);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Yaml();

    private static async Task<Dictionary<string, JsonElement>> Containers(params string[] files)
    {
        if (!await Compose.Has(Compose.Versions[0]))
            Assert.Skip("Compose v2 is not installed.");
        var config = await Compose.With(Compose.Versions[0], [.. files, "--profile", "load", "config", "--format", "json"]);
        Assert.True(config.Succeeded, config.Error);
        return JsonDocument.Parse(config.Standard).RootElement.GetProperty("services").EnumerateObject()
            .ToDictionary(service => service.Name, service => service.Value);
    }

    private static bool Stays(JsonElement container) => container.GetProperty("restart").GetString() != "no";

    private static JsonElement.ArrayEnumerator Each(JsonElement container, string list) =>
        container.TryGetProperty(list, out var items) ? items.EnumerateArray() : default;
}
