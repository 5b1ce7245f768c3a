using Microsoft.AspNetCore.Http;

namespace OrderPlatform.Messaging.Operations.Http;

/// <summary>The operator who sends a request to <c>/ops</c>.</summary>
/// <param name="Name">The signed-in user; else the header <c>X-Operator</c>; else <c>anonymous</c>.</param>
internal sealed record Operator(string Name)
{
    private const string Header = "X-Operator";
    private const int Longest = 100;

    /// <summary>Lets minimal APIs bind it as a parameter of handlers.</summary>
    public static ValueTask<Operator> BindAsync(HttpContext http) => ValueTask.FromResult(new Operator(
        http.User.Identity?.Name ?? (http.Request.Headers.TryGetValue(Header, out var name) ? name.ToString() : "anonymous")));

    /// <summary>Answers 400 when the header is not a valid name.</summary>
    public static ValueTask<object?> Check(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.Request.Headers.TryGetValue(Header, out var name) && !IsName(name.ToString())
            ? ValueTask.FromResult<object?>(OpsProblems.Invalid("x-operator", $"Must be a name of 1 to {Longest} printable characters."))
            : next(context);

    private static bool IsName(string name) =>
        name.Length <= Longest && !string.IsNullOrWhiteSpace(name) && !name.Any(letter => char.IsControl(letter) || letter == '\uFFFD');
}
