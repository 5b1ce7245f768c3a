using OrderPlatform.Messaging.Operations.DeadLetters;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class DeadLetterOptionsTests
{
    [Theory]
    [InlineData("Npgsql.PostgresException", "23514: new row for relation \"tallies\" violates check constraint", false)]
    [InlineData("Npgsql.PostgresException", "42P01: relation \"tallies\" does not exist", false)]
    [InlineData("Npgsql.PostgresException", "40P01: deadlock detected", true)]
    [InlineData("Npgsql.PostgresException", "42501: permission denied for table tallies", true)]
    [InlineData("Npgsql.PostgresException", "53300: too many connections", true)]
    [InlineData("Npgsql.PostgresException", "55P03: canceling statement due to lock timeout", true)]
    [InlineData("Npgsql.PostgresException", "55006: object in use", false)]
    [InlineData("Npgsql.PostgresException", null, false)]
    [InlineData("Npgsql.NpgsqlException", "Exception while reading from stream", true)]
    [InlineData("System.TimeoutException", null, true)]
    [InlineData("System.TimeoutExceptionOfMine", "08006", false)]
    [InlineData("System.InvalidOperationException", "40P01: deadlock detected", false)]
    [InlineData(null, "40P01: deadlock detected", false)]
    public void Outages_and_conflicts_are_transient(string? type, string? message, bool transient) =>
        Assert.Equal(transient, new DeadLetterOptions().IsTransient(type, message));

    [Theory]
    [InlineData("Shop.Busy", "anything", true)]
    [InlineData("Shop.Broken", "soon: again", true)]
    [InlineData("Shop.Broken", "never", false)]
    [InlineData("System.TimeoutException", null, false)]
    public void Exceptions_that_are_named_take_the_place_of_the_usual_ones(string type, string? message, bool transient) => Assert.Equal(
        transient, new DeadLetterOptions { TransientExceptions = ["Shop.Busy", "Shop.Broken: soon"] }.IsTransient(type, message));
}
