using System.Text.Json;

namespace OrderPlatform.LoadGenerator;

/// <summary>Distinguishes failures of a service or the network from being stopped and from bugs.</summary>
internal static class Failure
{
    public static bool IsOfTheService(Exception exception, CancellationToken stoppingToken) =>
        !stoppingToken.IsCancellationRequested && exception is HttpRequestException or IOException or OperationCanceledException or JsonException;

    public static string Describe(Exception exception) => exception switch
    {
        HttpRequestException { StatusCode: { } status } => $"it answers {(int)status} {status}",
        OperationCanceledException => "no answer in time",
        _ => exception.GetBaseException().Message,
    };
}
