using System.Text.Json.Serialization;

namespace OrderPlatform.Messaging.Operations.Jobs;

/// <summary>How far a job is. Completed, cancelled and failed are final.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobState>))]
internal enum JobState
{
    /// <summary>An instance of the service works on it, or will: jobs of a kind run one after the other.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>It goes on where it stands when it is resumed.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    [JsonStringEnumMemberName("completed")]
    Completed,

    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>It could not be done; its error says why.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}
