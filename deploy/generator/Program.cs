using OrderPlatform.DeploymentGenerator;

// deploy/generate calls this.
//
//   DeploymentGenerator REPOSITORY [--check]

if (args is not ([_] or [_, "--check"]))
{
    Console.Error.WriteLine("Usage: deploy/generate [--check]");
    return 2;
}

try
{
    var stale = Deployment.Stale(args[0]);
    foreach (var (path, content) in stale)
    {
        if (args is [_, "--check"])
        {
            Console.Error.WriteLine($"{path} does not match deploy/services.ini: run deploy/generate");
            continue;
        }

        File.WriteAllText(Path.Combine(args[0], path), content);
        Console.WriteLine($"Wrote {path}");
    }

    if (stale.Count == 0)
        Console.WriteLine("Every generated file matches deploy/services.ini.");
    return stale.Count > 0 && args is [_, "--check"] ? 1 : 0;
}
catch (FormatException exception)
{
    Console.Error.WriteLine($"error: {exception.Message}");
    return 1;
}
