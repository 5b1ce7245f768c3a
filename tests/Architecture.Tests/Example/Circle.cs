namespace OrderPlatform.Architecture.Tests.Example.Lower
{
    /// <summary>Uses what uses it: the circle that the test of the graph finds.</summary>
    internal sealed class Cellar
    {
        public static string Above() => new Upper.Roof(new Cellar()).ToString()!;
    }
}

namespace OrderPlatform.Architecture.Tests.Example.Upper
{
    internal sealed record Roof(Lower.Cellar Cellar);
}
