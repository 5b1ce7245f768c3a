using System.Reflection;
using Xunit;
using Xunit.v3;

namespace OrderPlatform.Testing;

/// <summary>Adds to each failure the command that runs that test alone.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class FailureReportAttribute : BeforeAfterTestAttribute
{
    /// <summary>Adds it to the output of the running test.</summary>
    public static void ShowCommand()
    {
        if (TestContext.Current.Test is IXunitTest test)
            ShowCommand(test);
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            ShowCommand(test);
    }

    private static void ShowCommand(IXunitTest test)
    {
        var testMethod = test.TestCase.TestMethod;
        var options = test.TestCase.Explicit ? $"--seed {TestSeed.Value} --long" : $"--seed {TestSeed.Value}";
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"Seed {TestSeed.Value}. Alone: tests/run {options} {testMethod.TestClass.TestClassName}.{testMethod.MethodName}");
    }
}
