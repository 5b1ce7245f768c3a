using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderPlatform.Orders.Domain;

/// <summary>The idempotency key of a request, and the order that the request created.</summary>
public sealed class IdempotencyKey(string key, byte[] requestHash, Guid orderId, DateTimeOffset createdAt)
{
    // A property that a later version adds must not change the hash of a repeated request that lacks it.
    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>As the caller chose it: 1 to 255 visible ASCII characters.</summary>
    public string Key { get; private set; } = key;

    /// <summary>SHA-256 of the request, to recognise a repetition.</summary>
    public byte[] RequestHash { get; private set; } = requestHash;

    public Guid OrderId { get; private set; } = orderId;

    public DateTimeOffset CreatedAt { get; private set; } = createdAt;

    /// <summary>The hash of a request's content, not of its text: white space and the order of properties do not matter.</summary>
    public static byte[] HashOf<TRequest>(TRequest request) => SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, WithoutNulls));

    public bool Matches(byte[] hash) => RequestHash.AsSpan().SequenceEqual(hash);
}
