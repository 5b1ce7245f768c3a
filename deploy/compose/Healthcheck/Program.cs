// Exits with 0 if the service in this container is ready; otherwise prints what it lacks, for "docker inspect".

var url = args is [var given] ? given : "http://localhost:8080/health/ready";
try
{
    using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(4) };
    using var response = await http.GetAsync(new Uri(url));
    Console.WriteLine(await response.Content.ReadAsStringAsync());
    return response.IsSuccessStatusCode ? 0 : 1;
}
catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
{
    Console.WriteLine(exception.Message);
    return 1;
}
