namespace OrderPlatform.Architecture.Tests;

/// <summary>Folders form floors: each uses only what lies below it.</summary>
public sealed class FloorTests
{
    public static TheoryData<string> Projects => new(Solution.Shared.Concat(Solution.Services).Select(project => project.Name));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_of_a_project_form_no_cycle(string name)
    {
        var project = Solution.Shared.Concat(Solution.Services).Single(project => project.Name == name);

        Assert.Empty(FolderGraph.Of(project.Assembly.Location).Cycle());
    }

    /// <summary>Each folder has its own namespace, so the graph of namespaces is the graph of folders.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void Each_folder_of_a_project_is_a_namespace(string name)
    {
        var project = Solution.Shared.Concat(Solution.Services).Single(project => project.Name == name);

        Assert.All(project.Sources, source =>
        {
            var folder = Path.GetRelativePath(project.Folder, Path.GetDirectoryName(source)!);
            var expected = folder == "." ? $"OrderPlatform.{name}" : $"OrderPlatform.{name}.{folder.Replace('/', '.')}";
            var declared = File.ReadLines(source).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
            if (declared is not null && name != "Contracts")
                Assert.Equal($"namespace {expected}", declared.TrimEnd(';', ' ', '{'));
        });
    }

    /// <summary>The graph finds a cycle: the two example folders use each other.</summary>
    [Fact]
    public void A_cycle_is_reported_with_the_types_that_cause_it()
    {
        var cycle = FolderGraph.Of(typeof(FloorTests).Assembly.Location).Cycle();

        Assert.Equal(2, cycle.Count);
        Assert.Contains(
            "Example.Upper.Roof uses OrderPlatform.Architecture.Tests.Example.Lower.Cellar", cycle[0] + cycle[1], StringComparison.Ordinal);
        Assert.Contains(
            "Example.Lower.Cellar uses OrderPlatform.Architecture.Tests.Example.Upper.Roof", cycle[0] + cycle[1], StringComparison.Ordinal);
    }
}
