using System.Security.Authentication;
using Npgsql;
using OrderPlatform.Messaging.Storage;

namespace OrderPlatform.Messaging.Tests.Storage;

public sealed class DatabaseErrorsTests
{
    [Theory]
    [InlineData("08006", true)]
    [InlineData("25006", true)]
    [InlineData("26000", true)]
    [InlineData("28000", true)]
    [InlineData("28P01", true)]
    [InlineData("3D000", true)]
    [InlineData("42P05", true)]
    [InlineData("53300", true)]
    [InlineData("55000", false)]
    [InlineData("57P01", true)]
    [InlineData("57P04", true)]
    [InlineData("22003", false)]
    [InlineData("23514", false)]
    [InlineData("40001", false)]
    [InlineData("42501", false)]
    [InlineData("42P01", false)]
    [InlineData("55P03", false)]
    [InlineData("57014", false)]
    public void The_SQLSTATE_tells_an_outage_from_a_failure(string state, bool outage) =>
        Assert.Equal(outage, DatabaseErrors.IsOutage(new InvalidOperationException("in EF Core", Error(state))));

    [Theory]
    [InlineData("42501")]
    [InlineData("55000")]
    public void A_refused_connection_is_an_outage_whatever_its_SQLSTATE(string state) =>
        Assert.True(DatabaseErrors.IsOutage(new PostgresException("refused", "FATAL", "FATAL", state)));

    [Fact]
    public void A_certificate_that_is_not_trusted_is_an_outage() =>
        Assert.True(DatabaseErrors.IsOutage(new NpgsqlException("TLS", new AuthenticationException("untrusted"))));

    [Theory]
    [InlineData("25006", true)]
    [InlineData("26000", true)]
    [InlineData("42P05", true)]
    [InlineData("57P01", false)]
    [InlineData("28P01", false)]
    public void A_read_only_session_or_one_without_its_prepared_statements_is_broken(string state, bool broken) =>
        Assert.Equal(broken, DatabaseErrors.IsSessionBroken(Error(state)));

    private static PostgresException Error(string state) => new("refused", "ERROR", "ERROR", state);
}
