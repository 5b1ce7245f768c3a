using System.Net.Http.Json;
using System.Text.Json;

namespace OrderPlatform.EndToEnd.Tests;

/// <summary>Dead letters on the real platform, with the permissions that each service has there.</summary>
public sealed class DeadLetterTests(Platform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task A_stuck_order_continues_when_its_dead_letter_is_redriven()
    {
        var sku = await Shop.Stock(2);
        await Inventory.Database.Scalar<int>("ALTER TABLE reservations ADD CONSTRAINT broken CHECK (false) NOT VALID; SELECT 1");
        Guid order, letter;
        try
        {
            order = await Shop.Place(sku);
            await Eventually.Is(async () => (await Letters(order)).Length == 1);
            letter = (await Letters(order))[0].GetProperty("id").GetGuid();
        }
        finally
        {
            await Inventory.Database.Scalar<int>("ALTER TABLE reservations DROP CONSTRAINT broken; SELECT 1");
        }

        Assert.Equal("placed", await Shop.Status(order));
        var other = await Shop.Place(sku);
        await Shop.Becomes(other, "shipped");

        using var response = await Inventory.Http.PostAsJsonAsync(
            $"ops/dead-letters/{letter}/redrive", new { reason = "The constraint was wrong" });

        Assert.Equal(202, (int)response.StatusCode);
        await Shop.Becomes(order, "shipped");
        await Eventually.Is(async () => (await Letters(order))[0].GetProperty("state").GetString() == "resolved");
        await Shop.Balance(sku, [order, other]);
    }

    private async Task<JsonElement[]> Letters(Guid order)
    {
        var page = await Inventory.Http.GetFromJsonAsync<JsonElement>($"ops/dead-letters?stream={order}&type=OrderPlaced");
        return [.. page.GetProperty("items").EnumerateArray()];
    }
}
