using System.Runtime.CompilerServices;
using Xunit;

namespace OrderPlatform.Testing;

/// <summary>A test that takes minutes by its nature, such as a million events: it is run by <c>tests/run --long</c> only.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) =>
        Explicit = true;
}
