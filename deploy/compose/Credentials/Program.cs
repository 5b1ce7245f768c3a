using OrderPlatform.Credentials;

// What each container needs to know of the others, in a volume that only it can read. Run before every start: it makes what is missing,
// and certificates anew that are near their end; everything else stays as it is.
//
//   credentials         makes them, under the directory CREDENTIALS
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
