namespace OrderPlatform.Messaging.Transport;

/// <summary>The broker, as spans name it; each adapter registers one.</summary>
/// <param name="Name">OpenTelemetry's value of <c>messaging.system</c>, such as <c>rabbitmq</c>.</param>
public sealed record MessagingSystem(string Name);
