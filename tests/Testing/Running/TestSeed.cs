using System.Globalization;

namespace OrderPlatform.Testing;

/// <summary>Determines the order of the tests: <c>TEST_SEED</c> (set by <c>tests/run --seed</c>), else random per process.</summary>
public static class TestSeed
{
    public static int Value { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("TEST_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next(1, 1_000_000);
}
