using Microsoft.Extensions.Options;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

/// <summary>A service does not start with invalid settings of retention, so the tests share a database that none of them uses.</summary>
public sealed class RetentionSettingsTests(SharedSampleService shared) : RetentionTest(shared), IClassFixture<SharedSampleService>
{
    [Theory]
    [InlineData("LogDays", "0", "LogDays")]
    [InlineData("InboxDays", "6", "InboxDays")]
    [InlineData("PartitionDays", "0", "PartitionDays")]
    [InlineData("PartitionsAhead", "0", "PartitionsAhead")]
    [InlineData("Archive:Directory", "", "LogDays needs an archive")]
    [InlineData("Archive:ServiceUrl", "http://localhost", "either a Directory or a ServiceUrl")]
    [InlineData("Archive:AccessKey", "key", "AccessKey and SecretKey belong together")]
    public async Task Refuses_invalid_settings_and_gives_the_reason(string setting, string value, string reason)
    {
        var exception = await Assert.ThrowsAsync<OptionsValidationException>(
            () => Service().With($"Messaging:Retention:{setting}", value).Start());

        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }
}
