using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Operations.DeadLetters;

/// <summary>What becomes of dead letters, in the configuration section <c>Messaging:DeadLetters</c>.</summary>
public sealed class DeadLetterOptions
{
    private static readonly string[] UsuallyTransient =
    [
        "System.TimeoutException",
        "System.IO.IOException",
        "System.Net.Http.HttpRequestException",
        "System.Net.Sockets.SocketException",
        "Npgsql.NpgsqlException",
        // By SQLSTATE: the connection, a standby, conflicts and deadlocks, resources, a lock, a time-out, starting or stopping, the disk.
        "Npgsql.PostgresException: 08",
        "Npgsql.PostgresException: 25006",
        "Npgsql.PostgresException: 40",
        "Npgsql.PostgresException: 53",
        "Npgsql.PostgresException: 55P03",
        "Npgsql.PostgresException: 57014",
        "Npgsql.PostgresException: 57P0",
        "Npgsql.PostgresException: 58",
    ];

    /// <summary>The most dead letters that one instance takes from an error queue before they are filed; each may be large.</summary>
    [Range(1, 1000)]
    public ushort Prefetch { get; init; } = 100;

    /// <summary>
    /// Exceptions that pass by themselves: what failed with one of them is redriven automatically. Each is a full name, and maybe how its
    /// message begins: <c>Npgsql.PostgresException: 40</c>, whose messages begin with their SQLSTATE. When not given: time-outs, what goes
    /// wrong with files and networks, and what a database says that is away, busy or in conflict. A constraint that is violated is none.
    /// </summary>
    public string[]? TransientExceptions { get; init; }

    /// <summary>How often a message is redriven automatically; after that it waits for people. 0: never.</summary>
    [Range(0, 100)]
    public int AutomaticRedrives { get; init; } = 5;

    /// <summary>How many messages a second are redriven automatically, by all instances together.</summary>
    [Range(0.001, 10_000)]
    public double AutomaticRedrivesPerSecond { get; init; } = 20;

    /// <summary>The wait before the first automatic redrive; each further one waits twice as long.</summary>
    public TimeSpan AutomaticBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait before an automatic redrive.</summary>
    public TimeSpan LongestAutomaticBackoff { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many messages a second a redrive of many sends, when it does not say.</summary>
    [Range(0.001, 10_000)]
    public double RedrivesPerSecond { get; init; } = 100;

    /// <summary>How soon an instance sees what another one has scheduled.</summary>
    public TimeSpan RedriveInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How soon it is seen that what was redriven is handled.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(2);

    internal bool IsTransient(string? exceptionType, string? message) => exceptionType is not null && Array.Exists(
        TransientExceptions ?? UsuallyTransient,
        transient => transient.Split(": ", 2) is [var type, .. var beginning] && type == exceptionType
            && (beginning is not [var says] || message?.StartsWith(says, StringComparison.Ordinal) == true));
}
