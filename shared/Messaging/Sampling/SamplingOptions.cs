namespace OrderPlatform.Messaging.Sampling;

/// <summary>How often gauges are read, in the configuration section <c>Messaging</c>.</summary>
public sealed class SamplingOptions
{
    /// <summary>How often the gauges of the database's state are sampled; less often where sampling is slow.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(5);
}
