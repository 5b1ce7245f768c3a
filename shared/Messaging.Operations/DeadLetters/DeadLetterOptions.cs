using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>How dead letters are filed and redriven, in the configuration section <c>Messaging:DeadLetters</c>.</summary>
public sealed class DeadLetterOptions
{
    private static readonly string[] UsuallyTransient =
    [
        "System.TimeoutException",
        "System.IO.IOException",
        "System.Net.Http.HttpRequestException",
        "System.Net.Sockets.SocketException",
        "Npgsql.NpgsqlException",
        // By SQLSTATE: connection, read-only standby, conflict or deadlock, a missing privilege, resources, lock, timeout, start or
        // shutdown, disk.
        "Npgsql.PostgresException: 08",
        "Npgsql.PostgresException: 25006",
        "Npgsql.PostgresException: 40",
        "Npgsql.PostgresException: 42501",
        "Npgsql.PostgresException: 53",
        "Npgsql.PostgresException: 55P03",
        "Npgsql.PostgresException: 57014",
        "Npgsql.PostgresException: 57P0",
        "Npgsql.PostgresException: 58",
    ];

    /// <summary>The maximum number of unfiled messages that one instance takes from an error queue; each may be large.</summary>
    [Range(1, 1000)]
    public ushort Prefetch { get; init; } = 100;

    /// <summary>
    /// Exceptions with transient causes: a message that fails with one is redriven automatically. Each entry is a full name, optionally
    /// with the beginning of the message: <c>Npgsql.PostgresException: 40</c>, whose messages begin with their SQLSTATE. Default:
    /// timeouts, errors of files and networks, and a database that is down or busy, reports a conflict, or denies a privilege.
    /// A violated constraint is not transient.
    /// </summary>
    public string[]? TransientExceptions { get; init; }

    /// <summary>How many times a message is redriven automatically before it waits for an operator; 0 means never.</summary>
    [Range(0, 100)]
    public int AutomaticRedrives { get; init; } = 5;

    /// <summary>How many messages a second are redriven automatically, by all instances together.</summary>
    [Range(0.001, 10_000)]
    public double AutomaticRedrivesPerSecond { get; init; } = 20;

    /// <summary>The wait before the first automatic redrive; each further wait is twice as long.</summary>
    public TimeSpan AutomaticBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait before an automatic redrive.</summary>
    public TimeSpan LongestAutomaticBackoff { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many messages a second a bulk redrive sends, if it specifies no rate.</summary>
    [Range(0.001, 10_000)]
    public double RedrivesPerSecond { get; init; } = 100;

    /// <summary>How soon an instance sees what another has scheduled.</summary>
    public TimeSpan RedriveInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How soon the service sees that a redriven message was handled.</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromSeconds(2);

    internal bool IsTransient(string? exceptionType, string? message) => exceptionType is not null && Array.Exists(
        TransientExceptions ?? UsuallyTransient,
        transient => transient.Split(": ", 2) is [var type, .. var beginning] && type == exceptionType
            && (beginning is not [var says] || message?.StartsWith(says, StringComparison.Ordinal) == true));
}
