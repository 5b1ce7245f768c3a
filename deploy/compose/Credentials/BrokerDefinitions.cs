using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrderPlatform.Credentials;

/// <summary>RabbitMQ's definitions with users: it imports them when it starts, users before the permissions that name them.</summary>
public static class BrokerDefinitions
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The users that the permissions name.</summary>
    public static IReadOnlyList<string> UsersOf(string definitions) =>
        [.. JsonNode.Parse(definitions)!["permissions"]!.AsArray().Select(permission => permission!["user"]!.GetValue<string>())];

    /// <param name="definitions">The definitions without users; they already have the permissions.</param>
    /// <param name="users">Names and passwords.</param>
    /// <param name="admin">The password of <c>admin</c>, who has all permissions.</param>
    public static string WithUsers(string definitions, IReadOnlyDictionary<string, string> users, string admin)
    {
        var root = JsonNode.Parse(definitions)!.AsObject();
        root["users"] = new JsonArray([.. users.Select(user => User(user.Key, user.Value, [])), User("admin", admin, ["administrator"])]);
        root["permissions"]!.AsArray().Add(new JsonObject
        {
            ["user"] = "admin",
            ["vhost"] = "/",
            ["configure"] = ".*",
            ["write"] = ".*",
            ["read"] = ".*",
        });
        return root.ToJsonString(Readable);
    }

    /// <summary>base64(salt ‖ sha256(salt ‖ password)).</summary>
    public static string Hash(string password, ReadOnlySpan<byte> salt) =>
        Convert.ToBase64String([.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(password)])]);

    private static JsonObject User(string name, string password, string[] tags) => new()
    {
        ["name"] = name,
        ["password_hash"] = Hash(password, Salt(password)),
        ["hashing_algorithm"] = "rabbit_password_hashing_sha256",
        ["tags"] = new JsonArray([.. tags.Select(tag => JsonValue.Create(tag))]),
    };

    /// <summary>
    /// Derived from the password, so that the file only changes with it; each password is random, and used once.
    /// </summary>
    private static byte[] Salt(string password) => SHA256.HashData([.. "salt"u8, .. Encoding.UTF8.GetBytes(password)])[..4];
}
