namespace OrderPlatform.Architecture.Tests.Example.Lower
{
    /// <summary>Forms a cycle with <c>Upper.Roof</c>, for the test of the folder graph to find.</summary>
    internal sealed class Cellar
    {
        public static string Above() => new Upper.Roof(new Cellar()).ToString()!;
    }
}

namespace OrderPlatform.Architecture.Tests.Example.Upper
{
    internal sealed record Roof(Lower.Cellar Cellar);
}
