using OrderPlatform.Messaging.Transport;
using OrderPlatform.Testing;

namespace OrderPlatform.Transport.Tests;

/// <summary>
/// Connects again until it succeeds, as the relay does: the product gives up an attempt after seconds, and a slow machine may take longer.
/// </summary>
internal static class Connecting
{
    public static Task<IEventPublisher> Publisher(this ITransport transport) => Repeat(transport.ConnectPublisher, "a publisher connects");

    public static Task<IQueueSender> Sender(this ITransport transport, string purpose) =>
        Repeat(cancellationToken => transport.ConnectSender(purpose, cancellationToken), "a sender connects");

    private static async Task<T> Repeat<T>(Func<CancellationToken, Task<T>> connect, string description)
        where T : class
    {
        T? connected = null;
        await Eventually.Is(async () => (connected = await connect(TestContext.Current.CancellationToken)) is not null, description);
        return connected!;
    }
}
