using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging;

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
        "Npgsql.PostgresException",
    ];

    /// <summary>The most dead letters that one instance takes from an error queue before they are filed; each may be large.</summary>
    [Range(1, 1000)]
    public ushort Prefetch { get; init; } = 100;

    /// <summary>
    /// Full names of exceptions that pass by themselves: what failed with one of them is redriven automatically. When not given: time-outs,
    /// and what goes wrong with files, networks and databases.
    /// </summary>
    public string[]? TransientExceptions { get; init; }

    /// <summary>How often a message is redriven automatically; after that it waits for people. 0: never.</summary>
    [Range(0, 100)]
    public int AutomaticRedrives { get; init; } = 5;

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

    internal bool IsTransient(string? exceptionType) =>
        exceptionType is not null && (TransientExceptions ?? UsuallyTransient).Contains(exceptionType, StringComparer.Ordinal);
}
