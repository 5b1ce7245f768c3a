using System.Diagnostics;
using Xunit;

namespace OrderPlatform.ServiceDefaults.Tests.Telemetry;

/// <summary>Recording traces affects the whole process, so a test that records must not run beside one that asserts the opposite.</summary>
[Collection(Collection)]
public class TelemetryTests : IClassFixture<TestApp>
{
    public const string Collection = "Traces";

    [Fact]
    public void Propagates_traces_without_recording_them_when_there_is_no_collector()
    {
        using var source = new ActivitySource("OrderPlatform.Messaging");
        const string Sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        Assert.True(ActivityContext.TryParse(Sender, null, isRemote: true, out var sender));

        using var span = source.StartActivity("handle", ActivityKind.Consumer, sender);

        Assert.Equal(sender.TraceId, span?.TraceId);
        Assert.False(span!.Recorded);
    }
}
