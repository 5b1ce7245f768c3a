using OrderPlatform.Credentials;

// The secrets of each container, in a volume that only it can read. It runs before every start, creates missing secrets, and renews
// certificates that expire soon; everything else stays as it is.
//
//   credentials         creates them, under the directory CREDENTIALS
//   credentials show    prints the logins for people

var root = Environment.GetEnvironmentVariable("CREDENTIALS") ?? "credentials";
var definitions = Environment.GetEnvironmentVariable("DEFINITIONS") ?? "deploy/rabbitmq/definitions.json";
var platform = new Platform(root);
switch (args)
{
    case []:
        platform.Provide(File.ReadAllText(definitions), DateTimeOffset.UtcNow);
        Console.WriteLine("Passwords and certificates are in their volumes.");
        return 0;
    case ["show"]:
        Console.Write(platform.Logins());
        return 0;
    default:
        Console.Error.WriteLine("Usage: credentials [show]");
        return 2;
}
