using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderPlatform.Orders.Domain;

/// <summary>A key that came with a request, and the order that the request became.</summary>
public sealed class IdempotencyKey(string key, byte[] requestHash, Guid orderId, DateTimeOffset createdAt)
{
    // A property that a later version adds, and that a repeated request lacks, must not change its hash.
    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>As the caller chose it: 1 to 255 visible ASCII characters.</summary>
    public string Key { get; private set; } = key;

    /// <summary>SHA-256, by which the same body is known again.</summary>
    public byte[] RequestHash { get; private set; } = requestHash;

    public Guid OrderId { get; private set; } = orderId;

    public DateTimeOffset CreatedAt { get; private set; } = createdAt;

    /// <summary>Of what a request says, not of how it is spelled: white space and the order of properties do not count.</summary>
    public static byte[] HashOf<TRequest>(TRequest request) => SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, WithoutNulls));

    public bool CameWith(byte[] hash) => RequestHash.AsSpan().SequenceEqual(hash);
}
