using System.Reflection;
using Xunit;
using Xunit.v3;

namespace OrderPlatform.Testing;

/// <summary>Adds to each failure the command that runs that test alone.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class FailureReportAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (TestContext.Current.TestState?.Result != TestResult.Failed)
            return;
        var testMethod = test.TestCase.TestMethod;
        var options = test.TestCase.Explicit ? $"--seed {TestSeed.Value} --long" : $"--seed {TestSeed.Value}";
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seed {TestSeed.Value}. Alone: tests/run {options} {testMethod.TestClass.TestClassName}.{testMethod.MethodName}");
    }
}
