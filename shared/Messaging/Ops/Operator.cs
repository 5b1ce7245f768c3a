using Microsoft.AspNetCore.Http;

namespace OrderPlatform.Messaging;

/// <summary>Who asks for something under <c>/ops</c>.</summary>
internal static class Operator
{
    private const string Anonymous = "anonymous";
    private const int LongestName = 100;

    /// <summary>
    /// The authenticated user's name; else what the header <c>X-Operator</c> says, in 1 to 100 printable characters; else "anonymous".
    /// </summary>
    public static string NameOf(HttpContext http) =>
        http.User.Identity?.Name is { Length: > 0 } user ? user
        : http.Request.Headers["X-Operator"] is [{ Length: > 0 and <= LongestName } name] && !name.Any(char.IsControl) ? name
        : Anonymous;
}
