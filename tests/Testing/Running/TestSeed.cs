using System.Globalization;

namespace OrderPlatform.Testing;

/// <summary>Decides the order of the tests: <c>TEST_SEED</c>, as <c>tests/run --seed</c> sets it, or else a new one for each process.</summary>
public static class TestSeed
{
    public static int Value { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("TEST_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given
            : Random.Shared.Next(1, 1_000_000);
}
