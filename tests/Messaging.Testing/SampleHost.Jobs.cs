using System.Net.Http.Json;
using System.Text.Json;
using OrderPlatform.Testing;
using Xunit;

namespace OrderPlatform.Messaging.Testing;

/// <summary>The ledger's jobs.</summary>
public sealed partial class SampleHost
{
    /// <summary>Asks for a job.</summary>
    /// <returns>Its address.</returns>
    public async Task<string> StartJob(string path, object request)
    {
        using var response = await Http.PostAsJsonAsync(path, request);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, response.StatusCode);
        return response.Headers.Location!.ToString();
    }

    public Task<JsonElement> Job(string address) => Http.GetFromJsonAsync<JsonElement>(address);

    /// <summary>The job when it is in a state.</summary>
    public async Task<JsonElement> JobBecomes(string address, string state)
    {
        JsonElement job = default;
        await Eventually.Is(
            async () => (job = await Job(address)).GetProperty("state").GetString() is { } now
                && (now == state || (now == "failed" ? throw new InvalidOperationException(job.ToString()) : false)),
            $"{address} is {state}");
        return job;
    }
}
