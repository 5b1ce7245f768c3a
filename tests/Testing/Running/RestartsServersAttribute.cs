namespace OrderPlatform.Testing;

/// <summary>The tests of this project restart PostgreSQL or RabbitMQ, so no other project may use the servers while they run.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class RestartsServersAttribute : Attribute;
