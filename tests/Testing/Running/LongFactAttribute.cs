using System.Runtime.CompilerServices;
using Xunit;

namespace OrderPlatform.Testing;

/// <summary>
/// A test that takes a long time, such as one with a million events, one that starts a platform or waits for half a minute, or one that
/// repeats on a larger scale what a faster one shows; only <c>tests/run --long</c> runs it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LongFactAttribute : FactAttribute
{
    public LongFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) =>
        Explicit = true;
}
