using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using OrderPlatform.Messaging.Operations.Archives;
using OrderPlatform.Messaging.Operations.Retention;

namespace OrderPlatform.Messaging.Operations.Tests.Retention;

public sealed class RetentionOptionsTests
{
    private static readonly Uri Store = new("https://s3.example");

    public static TheoryData<ArchiveOptions> WholeArchives =>
    [
        new ArchiveOptions { Directory = "/archive" },
        new ArchiveOptions { ServiceUrl = Store, Bucket = "bucket" },
        new ArchiveOptions { ServiceUrl = Store, Bucket = "bucket", AccessKey = "key", SecretKey = "secret" },
    ];

    [Fact]
    public void Everything_is_kept_forever_by_default()
    {
        var options = new RetentionOptions();

        Assert.Equal((null, null), (options.LogDays, options.InboxDays));
        Assert.Empty(Faults(options));
    }

    [Theory]
    [InlineData("LogDays", "0")]
    [InlineData("InboxDays", "6")]
    [InlineData("PartitionDays", "0")]
    [InlineData("PartitionsAhead", "0")]
    [InlineData("Interval", "00:00:00")]
    public void A_number_out_of_range_is_refused_by_name(string setting, string value)
    {
        var options = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [setting] = value, ["Archive:Directory"] = "/archive" })
            .Build()
            .Get<RetentionOptions>()!;
        var faults = new List<ValidationResult>();

        Assert.False(Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true));
        Assert.Contains(setting, Assert.Single(faults).ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void LogDays_requires_an_archive() =>
        Assert.Contains("LogDays needs an archive", Assert.Single(Faults(new RetentionOptions { LogDays = 7 })), StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(WholeArchives), DisableDiscoveryEnumeration = true)]
    public void An_archive_is_a_directory_or_a_bucket(ArchiveOptions archive)
    {
        Assert.Empty(Faults(archive));
        Assert.Empty(Faults(new RetentionOptions { LogDays = 7, Archive = archive }));
    }

    [Fact]
    public void An_incomplete_archive_setting_is_refused()
    {
        Assert.Contains("needs both", Assert.Single(Faults(new ArchiveOptions { Bucket = "bucket" })), StringComparison.Ordinal);
        Assert.Contains("needs both", Assert.Single(Faults(new ArchiveOptions { ServiceUrl = Store })), StringComparison.Ordinal);
        Assert.Contains(
            "either", Assert.Single(Faults(new ArchiveOptions { Directory = "/archive", ServiceUrl = Store })), StringComparison.Ordinal);
        Assert.Contains(
            "belong together",
            Assert.Single(Faults(new ArchiveOptions { Directory = "/archive", AccessKey = "key" })),
            StringComparison.Ordinal);
    }

    private static IEnumerable<string?> Faults(IValidatableObject options) =>
        options.Validate(new ValidationContext(options)).Select(fault => fault.ErrorMessage);
}
