using System.Text.Json.Serialization;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>The state of a job. Completed, cancelled and failed are final.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobState>))]
internal enum JobState
{
    /// <summary>An instance of the service is working on it, or will: jobs of a kind run one after another.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It continues where it stopped when it is resumed.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    [JsonStringEnumMemberName("completed")]
    Completed,

    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>It failed; its error says why.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}
