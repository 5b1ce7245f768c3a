using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;

namespace OrderPlatform.Messaging.Tests.Tracing;

public sealed class CauseTests : SampleServiceTest
{
    [Fact]
    public async Task Correlation_and_causation_travel_with_an_event()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();

        await service.Open(account);

        var logged = await service.Query(db => db.Set<LoggedEvent>().SingleAsync(Cancellation));
        Assert.Equal(account, logged.Event.CorrelationId);
        Assert.Null(logged.Event.CausationId);
        Assert.Equal("OrderPlatform.Messaging.Testing:Opened", logged.Event.Type);
    }
}
