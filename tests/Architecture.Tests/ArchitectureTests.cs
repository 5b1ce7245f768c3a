using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Mono.Cecil;
using NetArchTest.Rules;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Architecture.Tests;

/// <summary>The architecture rules. Each has been seen to fail.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string[] Transport = ["MassTransit", "RabbitMQ"];

    /// <summary>Time comes from TimeProvider, and no code blocks a thread to wait.</summary>
    private static readonly string[] ForbiddenMembers =
    [
        "System.Threading.Thread::Sleep",
        "System.DateTime::get_Now",
        "System.DateTime::get_UtcNow",
        "System.DateTime::get_Today",
        "System.DateTimeOffset::get_Now",
    ];

    /// <summary>Allowed in the library, for messages that carry no time.</summary>
    private const string UtcNow = "System.DateTimeOffset::get_UtcNow";

    [Fact]
    public void Services_reference_only_projects_in_shared()
    {
        var shared = Solution.Shared.Select(project => project.Name).ToHashSet();

        Assert.NotEmpty(Solution.Services);
        Assert.All(Solution.Services, service => Assert.Subset(shared, service.ProjectReferences.ToHashSet()));
        Assert.All(Solution.Services, service => Assert.DoesNotContain(
            service.Assembly.GetReferencedAssemblies(),
            reference => Solution.Services.Any(other => reference.Name == $"OrderPlatform.{other.Name}")));
    }

    /// <summary>A project has no separate solution folder: <c>dotnet sln add --solution-folder services services/Orders</c>.</summary>
    [Fact]
    public void The_solution_has_every_project_in_the_folder_of_its_directory()
    {
        var projects = Directory.GetFiles(Solution.Root, "*.csproj", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Solution.Root, file).Replace('\\', '/'))
            .Where(file => !file.StartsWith('.'));

        Assert.Equal(
            projects.Select(path => (path, Path.GetDirectoryName(Path.GetDirectoryName(path)))).Order(),
            Solution.Entries().Select(entry => (entry.Path, (string?)entry.Folder)).Order());
    }

    [Fact]
    public void Shared_projects_depend_on_no_service() =>
        Assert.All(Solution.Shared, project => Assert.DoesNotContain(
            project.ProjectReferences, reference => Solution.Services.Any(service => service.Name == reference)));

    [Fact]
    public void Contracts_reference_no_project_and_no_package()
    {
        Assert.Empty(Solution.Contracts.ProjectReferences);
        Assert.Empty(Solution.Contracts.PackageReferences);
        Assert.All(
            Solution.Contracts.Assembly.GetReferencedAssemblies(),
            reference => Assert.StartsWith("System.", reference.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void Contracts_are_sealed_records()
    {
        Assert.All(Solution.Contracts.Assembly.GetExportedTypes(), type =>
        {
            Assert.True(type.IsSealed, $"{type} is not sealed.");
            Assert.True(type.GetMethod("<Clone>$") is not null, $"{type} is not a record.");
        });
    }

    /// <summary>This allows one short pattern to define what a service may publish.</summary>
    [Fact]
    public void Every_event_has_the_namespace_of_the_service_that_publishes_it()
    {
        var known = new HashSet<string>();
        foreach (var service in Solution.Services)
        {
            foreach (var type in Registered(service, "Publishes"))
            {
                Assert.True(Contract(service, type) is not null, $"{service} publishes {type}, which is not one of its contracts.");
                known.Add(type);
            }

            known.UnionWith(Registered(service, "Records"));
        }

        // A contract that is not an event is part of one.
        var contracts = Solution.Contracts.Assembly.GetExportedTypes();
        var parts = contracts.SelectMany(PartsOf).ToHashSet();
        Assert.All(contracts, type => Assert.True(known.Contains(type.Name) || parts.Contains(type), $"{type} has no publisher."));
        Assert.All(contracts.Except(parts), type => Assert.Contains(
            type.Namespace, Solution.Services.Select(service => $"OrderPlatform.Contracts.{service.Name}")));
    }

    [Fact]
    public void Services_and_contracts_do_not_depend_on_the_transport() =>
        Assert.All([.. Solution.Services, Solution.Contracts], project =>
        {
            AssertSucceeds(Types.InAssembly(project.Assembly).ShouldNot().HaveDependencyOnAny(Transport));
            Assert.DoesNotContain(project.PackageReferences, package => Array.Exists(Transport, package.StartsWith));
        });

    [Fact]
    public void Domains_do_not_depend_on_storage_or_HTTP() =>
        Assert.All(Solution.Services, service => AssertSucceeds(Types.InAssembly(service.Assembly)
            .That().ResideInNamespace($"OrderPlatform.{service.Name}.Domain")
            .ShouldNot().HaveDependencyOnAny(
                "Microsoft.EntityFrameworkCore",
                "Npgsql",
                "Microsoft.AspNetCore",
                "System.Net",
                $"OrderPlatform.{service.Name}.Features",
                $"OrderPlatform.{service.Name}.Storage",
                $"OrderPlatform.{service.Name}.Carrier")));

    /// <summary>The core and Operations work with any broker; RabbitMq is the alternative to MassTransit.</summary>
    [Theory]
    [InlineData("Messaging", "MassTransit", "RabbitMQ")]
    [InlineData("Messaging.Operations", "MassTransit", "RabbitMQ", "OrderPlatform.Messaging.RabbitMq", "OrderPlatform.Messaging.MassTransit")]
    [InlineData("Messaging.RabbitMq", "MassTransit", "OrderPlatform.Messaging.MassTransit", "OrderPlatform.Messaging.Operations")]
    [InlineData("Messaging.MassTransit", "OrderPlatform.Messaging.Operations")]
    public void Library_projects_use_only_the_floors_below_them(string name, params string[] forbidden) => Assert.DoesNotContain(
        Solution.Shared.Single(project => project.Name == name).Assembly.GetReferencedAssemblies(),
        reference => Array.Exists(
            forbidden, other => reference.Name == other || reference.Name!.StartsWith($"{other}.", StringComparison.Ordinal)));

    /// <summary>Adapters for other brokers can use only the port's public types, so ours do, too.</summary>
    [Fact]
    public void Only_Operations_and_tests_see_the_internals_of_the_core()
    {
        var core = Solution.Shared.Single(project => project.Name == "Messaging");
        Assert.Equal(
            [
                "OrderPlatform.Messaging.Operations", "OrderPlatform.Messaging.Operations.Tests", "OrderPlatform.Messaging.Testing",
                "OrderPlatform.Messaging.Tests", "OrderPlatform.Testing", "OrderPlatform.Transport.Tests",
            ],
            core.Assembly.GetCustomAttributes<InternalsVisibleToAttribute>().Select(friend => friend.AssemblyName).Order());
    }

    [Fact]
    public void Every_handler_is_registered_in_Program()
    {
        foreach (var service in Solution.Services)
        {
            var registered = HandlerRegistration().Matches(ProgramOf(service))
                .Select(match => (match.Groups["event"].Value, match.Groups["handler"].Value));
            var handlers = from type in service.Assembly.GetTypes()
                           where !type.IsAbstract
                           from handled in type.GetInterfaces()
                           where handled.IsGenericType && handled.GetGenericTypeDefinition() == typeof(IHandler<>)
                           select (handled.GenericTypeArguments[0].Name, type.Name);

            Assert.Equal(handlers.Order(), registered.Order());
            Assert.NotEmpty(registered);
        }
    }

    [Fact]
    public void Program_is_a_table_of_contents() =>
        Assert.All(Solution.Services, service => Assert.InRange(ProgramOf(service).Split('\n').Length, 1, 40));

    /// <summary>A longer statement is a file beside its class, which an editor for SQL can open.</summary>
    [Fact]
    public void No_SQL_in_a_string_is_longer_than_15_lines() => Assert.Empty(
        from source in Solution.Services.Concat(Solution.Shared).SelectMany(project => project.Sources)
        where !source.Contains("Migrations", StringComparison.Ordinal)
        from Match text in RawString.Matches(File.ReadAllText(source))
        where Statement.IsMatch(text.Value) && text.Value.Count(character => character == '\n') - 1 > 15
        select $"{source}: {text.Value.Split('\n')[1].Trim()}");

    [GeneratedRegex(""" "{3}\r?\n.*?"{3} """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex RawString { get; }

    [GeneratedRegex(@"^\s*(WITH|SELECT|INSERT|UPDATE|DELETE|CREATE|DO|MERGE)\b", RegexOptions.Multiline)]
    private static partial Regex Statement { get; }

    [Fact]
    public void No_code_sleeps_or_reads_the_system_clock() =>
        Assert.All([.. Solution.Services, .. Solution.Shared], project =>
        {
            using var assembly = AssemblyDefinition.ReadAssembly(project.Assembly.Location);
            var used = assembly.MainModule.GetMemberReferences().Select(member => $"{member.DeclaringType.FullName}::{member.Name}");
            Assert.Empty(used.Intersect(Solution.Services.Contains(project) ? [.. ForbiddenMembers, UtcNow] : ForbiddenMembers));
        });

    private static void AssertSucceeds(ConditionList rule) => Assert.Empty(rule.GetResult().FailingTypeNames ?? []);

    private static string ProgramOf(Project service) => File.ReadAllText(Path.Combine(service.Folder, "Program.cs")).TrimEnd();

    private static IEnumerable<string> Registered(Project service, string how) => EventRegistration().Matches(ProgramOf(service))
        .Where(match => match.Groups["how"].Value == how)
        .Select(match => match.Groups["event"].Value);

    private static Type? Contract(Project service, string name) =>
        Solution.Contracts.Assembly.GetType($"OrderPlatform.Contracts.{service.Name}.{name}");

    private static IEnumerable<Type> PartsOf(Type type) => type.GetProperties().SelectMany(property =>
        property.PropertyType.IsGenericType ? property.PropertyType.GenericTypeArguments : [property.PropertyType]);

    [GeneratedRegex(@"\.(?<how>Publishes|Records)<(?<event>\w+)>\(\)")]
    private static partial Regex EventRegistration();

    [GeneratedRegex(@"\.Handles<(?<event>\w+), (?<handler>\w+)>\(")]
    private static partial Regex HandlerRegistration();
}
