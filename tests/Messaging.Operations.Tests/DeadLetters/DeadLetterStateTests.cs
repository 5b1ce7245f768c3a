namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

/// <summary>The state of a single dead letter: after it is filed, after it fails again, and after a redrive without a result.</summary>
public sealed class DeadLetterStateTests(SharedSampleService shared) : DeadLetterTest(shared), IClassFixture<SharedSampleService>
{
    [Theory]
    [InlineData("Npgsql.PostgresException", "23514: new row for relation \"tallies\" violates check constraint", "waiting")]
    [InlineData("Npgsql.PostgresException", "42P01: relation \"tallies\" does not exist", "waiting")]
    [InlineData("Npgsql.PostgresException", "40P01: deadlock detected", "scheduled")]
    [InlineData("Npgsql.PostgresException", "53300: too many connections", "scheduled")]
    [InlineData("Npgsql.PostgresException", "55P03: canceling statement due to lock timeout", "scheduled")]
    [InlineData("Npgsql.PostgresException", "55006: object in use", "waiting")]
    [InlineData("Npgsql.NpgsqlException", "Exception while reading from stream", "scheduled")]
    [InlineData("System.TimeoutException", null, "scheduled")]
    [InlineData("System.TimeoutExceptionOfMine", "08006", "waiting")]
    [InlineData("System.InvalidOperationException", "40P01: deadlock detected", "waiting")]
    public async Task Only_transient_database_errors_are_redriven_automatically(string type, string? says, string state)
    {
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        var message = Failed(account, 1, new Opened(account));
        message.Properties.Headers!["MT-Fault-ExceptionType"] = type;
        message.Properties.Headers["MT-Fault-Message"] = says;

        var letter = await PutInErrorQueue(service, message);

        Assert.Equal(state, await letter.State());
    }

    [Fact]
    public async Task A_redrive_without_an_outcome_can_be_repeated()
    {
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await Database.Execute($"UPDATE messaging.dead_letters SET state = 'redriven', redriven_at = now() WHERE id = '{letter.Id}'");
        Poison.Remove(account);
        Assert.Equal("dead-letter-redriven", (await letter.Redrive()).Body.GetProperty("code").GetString());

        await Database.Execute($"UPDATE messaging.dead_letters SET redriven_at = now() - interval '6 minutes' WHERE id = '{letter.Id}'");
        Assert.Equal(202, (await letter.Redrive()).Status);

        await letter.Becomes("resolved");
        Assert.NotNull(await service.Tally(account));
    }

    [Fact]
    public async Task A_discarded_letter_stays_discarded_when_a_copy_fails_later()
    {
        var service = await SharedService();
        var account = Guid.CreateVersion7();
        var letter = await Fail(service, account);
        await letter.Post("discard", new { reason = "refunded", followers = "wait" });

        await SendTo(
            "ledger_error",
            Failed(account, 1, new Opened(account), DateTimeOffset.UtcNow.AddMinutes(1), await letter.EventId()));

        await letter.Becomes("discarded", attempts: 2);
    }

    /// <summary>Automatic redrives come too late to interfere.</summary>
    protected override SampleServiceBuilder Service() => base.Service().With("Messaging:DeadLetters:AutomaticBackoff", "01:00:00");
}
