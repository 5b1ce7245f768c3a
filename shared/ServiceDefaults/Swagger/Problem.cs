namespace OrderPlatform.ServiceDefaults.Swagger;

/// <summary>The body of every error response (RFC 9457).</summary>
/// <param name="Type" example="urn:orderplatform:problem:order-shipped">The code, as a URI.</param>
/// <param name="Title" example="Conflict">The status, in words.</param>
/// <param name="Status" example="409">The HTTP status.</param>
/// <param name="Detail" example="A shipped order can be returned, not cancelled.">What is wrong and what to do, for people.</param>
/// <param name="Code" example="order-shipped">What is wrong, for programs: stable, kebab-case.</param>
/// <param name="Errors">
/// With status 400: what to change, by the JSON path of the field (<c>lines[0].quantity</c>; <c>$</c> is the whole body) or the
/// name of the parameter.
/// </param>
/// <param name="TraceId" example="0af7651916cd43dd8448eb211c80319c">The id of this request in the logs of all services.</param>
internal sealed record Problem(
    string Type, string Title, int Status, string Detail, string Code, IReadOnlyDictionary<string, string[]>? Errors, string TraceId);
