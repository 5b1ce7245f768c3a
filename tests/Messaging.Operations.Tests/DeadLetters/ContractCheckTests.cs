using OrderPlatform.Messaging.Operations.DeadLetters;

namespace OrderPlatform.Messaging.Operations.Tests.DeadLetters;

public sealed class ContractCheckTests
{
    private const string Account = "\"accountId\":\"0199d0c5-6f1e-7cc3-a1b2-8f2d5c1e9a70\"";

    [Theory]
    [InlineData("{}", "accountId")]
    [InlineData("{" + Account + "}", "amount")]
    [InlineData("{" + Account + ",\"amount\":\"5\"}", "$.amount")]
    [InlineData("{" + Account + ",\"amount\":5,\"amuont\":6}", "amuont")]
    [InlineData("{" + Account + ",\"amount\":5,\"amount\":6}", "amount")]
    [InlineData("{" + Account + ",\"Amount\":5}", "Amount")]
    [InlineData("null", "null")]
    [InlineData("{", "$")]
    public void Names_what_does_not_fit(string body, string named) =>
        Assert.Contains(named, ContractCheck.Fault(typeof(Deposited), body), StringComparison.Ordinal);

    [Theory]
    [InlineData("{" + Account + ",\"amount\":5}")]
    [InlineData(" {\"amount\":5, " + Account + "} ")]
    public void Accepts_a_body_that_fits_its_contract(string body) => Assert.Null(ContractCheck.Fault(typeof(Deposited), body));
}
