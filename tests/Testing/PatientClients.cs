using Npgsql;
using RabbitMQ.Client;

namespace OrderPlatform.Testing;

/// <summary>
/// The tests' own clients, which wait for an answer as long as any wait of a test does, <see cref="Eventually.Guard"/>: by default they
/// give up after seconds.
/// </summary>
public static class PatientClients
{
    public static HttpClient Patient(this HttpClient client)
    {
        client.Timeout = Eventually.Guard;
        return client;
    }

    public static NpgsqlConnectionStringBuilder Patient(this NpgsqlConnectionStringBuilder address)
    {
        address.Timeout = address.CommandTimeout = (int)Eventually.Guard.TotalSeconds;
        return address;
    }

    /// <summary>Connects to a broker.</summary>
    /// <param name="broker">Its address.</param>
    /// <param name="recovers">Whether the client connects again when it loses the connection.</param>
    public static Task<IConnection> Connect(Uri broker, bool recovers = true, CancellationToken cancellationToken = default) =>
        new ConnectionFactory
        {
            Uri = broker,
            AutomaticRecoveryEnabled = recovers,
            RequestedConnectionTimeout = Eventually.Guard,
            HandshakeContinuationTimeout = Eventually.Guard,
            ContinuationTimeout = Eventually.Guard,
            SocketReadTimeout = Eventually.Guard,
            SocketWriteTimeout = Eventually.Guard,
        }.CreateConnectionAsync("test", cancellationToken);
}
