namespace OrderPlatform.Messaging.Sampling;

/// <summary>How often gauges are read, in the configuration section <c>Messaging</c>.</summary>
public sealed class SamplingOptions
{
    /// <summary>How often the gauges that tell the database's state are read from it; less often where that takes long.</summary>
    public TimeSpan SampleInterval { get; init; } = TimeSpan.FromSeconds(5);
}
