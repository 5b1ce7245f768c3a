using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Sampling;

/// <summary>How often gauges are read, in the configuration section <c>Messaging</c>.</summary>
public sealed class SamplingOptions
{
    /// <summary>The pause between samples of the gauges of the database's state; longer where sampling is slow.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(5);
}
