namespace OrderPlatform.Inventory.Domain;

/// <summary>A delivery note that was booked; the row ensures that it counts once.</summary>
public sealed class Receipt(string id, int quantity)
{
    public string Id { get; private set; } = id;

    public int Quantity { get; private set; } = quantity;

    /// <summary>A SKU cannot contain a colon, so no two notes share an id.</summary>
    public static string IdOf(string sku, string reference) => $"{sku}:{reference}";
}
