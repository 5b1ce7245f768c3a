using RabbitMQ.Client;

namespace OrderPlatform.Messaging.RabbitMq;

/// <summary>Closes connections without waiting for a broker that no longer answers.</summary>
internal static class ClosingConnections
{
    /// <summary>A broker answers within milliseconds, if it answers at all.</summary>
    private static readonly TimeSpan LongestClose = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Closes a connection with its channels. A broker that no longer answers must not delay the service's shutdown or its next connection:
    /// the client would wait for half a minute.
    /// </summary>
    public static Task Close(this IConnection connection) =>
        Task.WhenAny(connection.DisposeAsync().AsTask(), Task.Delay(LongestClose, CancellationToken.None));
}
