namespace OrderPlatform.Messaging.Operations.Http;

/// <summary>Checks the reason that an operator gives.</summary>
internal static class Reasons
{
    private const int Longest = 500;

    /// <summary>The field and what is wrong with it; null if the reason is valid.</summary>
    public static (string Field, string Message)? Fault(string? reason, bool required) =>
        reason is null && !required ? null
        : string.IsNullOrWhiteSpace(reason) || reason.Length > Longest || reason.Contains('\0', StringComparison.Ordinal)
            ? ("reason", $"Must say why, in 1 to {Longest} characters.")
            : null;
}
