namespace OrderPlatform.Messaging.Operations.Http;

/// <summary>An operator's words.</summary>
internal static class Reasons
{
    private const int Longest = 500;

    /// <summary>What is wrong with them; null when nothing is.</summary>
    public static (string Field, string Message)? Fault(string? reason, bool required) =>
        reason is null && !required ? null
        : string.IsNullOrWhiteSpace(reason) || reason.Length > Longest || reason.Contains('\0', StringComparison.Ordinal)
            ? ("reason", $"Must say why, in 1 to {Longest} characters.")
            : null;
}
