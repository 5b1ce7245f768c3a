using System.Security.Cryptography;

namespace OrderPlatform.Credentials;

/// <summary>Passwords: generated when first needed, then remembered.</summary>
public sealed class Vault(string directory)
{
    /// <returns>160 random bits as hexadecimal digits, which need no escaping, be it in a URL or in a connection string.</returns>
    public string Password(string name)
    {
        if (Find(name) is { } known)
            return known;
        Files.Write(PathOf(name), RandomNumberGenerator.GetHexString(40, lowercase: true), Files.ForOneself);
        return File.ReadAllText(PathOf(name));
    }

    public string? Find(string name) => File.Exists(PathOf(name)) ? File.ReadAllText(PathOf(name)) : null;

    private string PathOf(string name) => Path.Combine(directory, $"{name}.password");
}
