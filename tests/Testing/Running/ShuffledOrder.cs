using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Xunit.Sdk;
using Xunit.v3;

namespace OrderPlatform.Testing;

/// <summary>
/// A random order of collections, classes, methods and cases, the same for the same seed. It depends only on their names:
/// the ids by which xunit sorts depend on the repository's path.
/// </summary>
public sealed partial class ShuffledOrder : ITestCollectionOrderer, ITestClassOrderer, ITestMethodOrderer, ITestCaseOrderer
{
    private readonly int seed;

    public ShuffledOrder()
        : this(TestSeed.Value)
    {
    }

    internal ShuffledOrder(int seed) => this.seed = seed;

    public IReadOnlyCollection<T> OrderTestCollections<T>(IReadOnlyCollection<T> testCollections)
        where T : ITestCollection =>
        Shuffle(testCollections, collection => NameOf(collection.TestCollectionDisplayName));

    public IReadOnlyCollection<T?> OrderTestClasses<T>(IReadOnlyCollection<T?> testClasses)
        where T : notnull, ITestClass =>
        Shuffle(testClasses, testClass => testClass?.TestClassName);

    public IReadOnlyCollection<T?> OrderTestMethods<T>(IReadOnlyCollection<T?> testMethods)
        where T : notnull, ITestMethod =>
        Shuffle(testMethods, method => $"{method?.TestClass.TestClassName}.{method?.MethodName}");

    public IReadOnlyCollection<T> OrderTestCases<T>(IReadOnlyCollection<T> testCases)
        where T : ITestCase =>
        Shuffle(testCases, testCase => testCase.TestCaseDisplayName);

    /// <summary>Sorts by a hash of seed and name, and equal hashes by name.</summary>
    internal IReadOnlyCollection<T> Shuffle<T>(IReadOnlyCollection<T> items, Func<T, string?> nameOf) =>
    [
        .. from item in items
           let name = nameOf(item) ?? ""
           orderby Hash(name), name
           select item,
    ];

    /// <summary>A collection's display name without its id.</summary>
    internal static string NameOf(string collection) => UniqueId().Replace(collection, "");

    private string Hash(string name) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {name}")));

    [GeneratedRegex(@" \(id: [0-9a-f]+\)$")]
    private static partial Regex UniqueId();
}
