using OrderPlatform.Contracts.Inventory;
using OrderPlatform.Inventory.Domain;
using OrderPlatform.Inventory.Features;
using OrderPlatform.Messaging.Handlers;

namespace OrderPlatform.Inventory.Tests.Features;

/// <summary>The effect of a receipt whose reference is new or known.</summary>
public sealed class ReceiveStockDecisionTests
{
    [Fact]
    public void A_new_reference_is_recorded() => Assert.Equal(
        new StockReceived("chair", 5, "note-1", Given.Now),
        ReceiveStock.Decide(null, "chair", new ReceiptRequest(5, "note-1"), Given.Now).Happened);

    [Fact]
    public void A_reference_counts_once() =>
        Assert.Equal(
            Decision.Nothing, ReceiveStock.Decide(new Receipt("chair:note-1", 5), "chair", new ReceiptRequest(5, "note-1"), Given.Now));

    [Fact]
    public void A_reference_cannot_change_its_quantity() => Assert.Equal(
        "reference-used",
        ReceiveStock.Decide(new Receipt("chair:note-1", 5), "chair", new ReceiptRequest(6, "note-1"), Given.Now).Refusal?.Code);
}
