using Microsoft.EntityFrameworkCore;
using OrderPlatform.Messaging.EventLog;
using OrderPlatform.Testing;

namespace OrderPlatform.Messaging.Tests.EventLog;

public sealed class EventLogTests : SampleServiceTest
{
    [Fact]
    public async Task Events_of_a_stream_are_numbered_without_gaps()
    {
        var service = await Service().Start();
        var account = Guid.CreateVersion7();

        await service.Open(account);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Deposit(account, 1)));

        var sequences = await service.Query(db => db.Set<LoggedEvent>()
            .Where(e => e.Event.Stream == account.ToString()).OrderBy(e => e.Position).Select(e => e.Event.Sequence).ToListAsync(Cancellation));
        Assert.Equal(Enumerable.Range(1, 51), sequences);
        await Eventually.Is(async () => await service.Tally(account) is { Total: 50, Changes: 50 });
    }

    [Fact]
    public async Task An_event_that_Program_does_not_name_cannot_be_appended()
    {
        var service = await Service().Start();

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => service.Append(Guid.CreateVersion7(), new Uri("urn:x")));

        Assert.Contains("neither publishes nor records", exception.Message, StringComparison.Ordinal);
    }
}
