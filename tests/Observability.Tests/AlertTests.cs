using System.Text;
using Npgsql;
using RabbitMQ.Client;

namespace OrderPlatform.Observability.Tests;

/// <summary>
/// Every alert, caused by a real fault: in Prometheus it is inactive, pending, firing and resolved, and Alertmanager is notified. Each
/// takes about 15 seconds, so most run only with <c>tests/run --long</c>; <see cref="RuleTests"/> checks the expressions of all.
/// </summary>
public sealed class AlertTests(Monitoring monitoring) : MonitoredTest(monitoring)
{
    /// <summary>The trait that names the alerts that a test covers.</summary>
    public const string Alert = nameof(Alert);

    /// <summary>Leaves the inbox as if no partitions had been created for weeks.</summary>
    private const string MoveInboxToDefault =
        """
        DO $$
        DECLARE
            partition text;
        BEGIN
            FOR partition IN SELECT name FROM messaging.partitions('inbox') WHERE since IS NOT NULL LOOP
                EXECUTE format('ALTER TABLE messaging.inbox DETACH PARTITION messaging.%I', partition);
                EXECUTE format('INSERT INTO messaging.inbox SELECT * FROM messaging.%I', partition);
                EXECUTE format('DROP TABLE messaging.%I', partition);
            END LOOP;
        END
        $$
        """;

    [LongFact]
    [Trait(Alert, "TargetDown")]
    public async Task Killing_one_of_two_instances_fires_only_TargetDown()
    {
        var second = await Inventory.Start();
        await Monitoring.Discover();
        var (target, service) = (await Watch("TargetDown", Inventory), await Watch("ServiceDown", Inventory));

        second.Kill();
        await target.Fires();
        Assert.NotEqual("firing", await service.State());

        await Inventory.Repair();
        await Monitoring.Discover();
        await target.Ends();
    }

    [Fact]
    [Trait(Alert, "ServiceDown")]
    public async Task Killing_the_last_instance_fires_ServiceDown_and_silences_TargetDown()
    {
        var (service, target) = (await Watch("ServiceDown", Inventory), await Watch("TargetDown", Inventory));

        Inventory.Kill();
        await service.Fires();
        await target.FiresSilenced();

        await Inventory.Repair();
        await Monitoring.Discover();
        await service.Ends();
        await target.Ends();
    }

    [LongFact]
    [Trait(Alert, "DatabaseUnreachable")]
    public async Task An_unreachable_database_silences_the_errors_that_it_causes()
    {
        var (database, errors) = (await Watch("DatabaseUnreachable", Orders), await Watch("OrdersErrorBudgetBurnsFast", Orders));
        await using var customers = Shop.Load(await Shop.Stock(100_000));

        Orders.DatabaseProxy.Close();
        await database.Fires();
        await errors.FiresSilenced();

        Orders.DatabaseProxy.Open();
        await database.Ends();
        await errors.Ends();
    }

    [LongFact]
    [Trait(Alert, "BrokerUnreachable")]
    public async Task An_unreachable_broker_silences_the_alert_for_the_growing_outbox()
    {
        var (broker, outbox) = (await Watch("BrokerUnreachable", Orders), await Watch("OutboxNotDraining", Orders));

        Orders.BrokerProxy.Close();
        await Shop.Place("cable");
        await broker.Fires();
        await outbox.FiresSilenced();

        Orders.BrokerProxy.Open();
        await broker.Ends();
        await outbox.Ends();
    }

    [LongFact]
    [Trait(Alert, "OutboxNotDraining")]
    public async Task Events_without_a_bound_queue_stay_in_the_outbox()
    {
        var outbox = await Watch("OutboxNotDraining", Orders);
        await using var connection = await Platform.Connect();
        await using var channel = await connection.CreateChannelAsync();

        try
        {
            await channel.ExchangeUnbindAsync("inventory", "OrderPlatform.Contracts.Orders:OrderPlaced", "");
            await Shop.Place("cable");
            await outbox.Fires();
        }
        finally
        {
            await Platform.Broker.Import(Deployed.Text("rabbitmq", "definitions.json"));
        }

        await outbox.Ends();
    }

    [LongFact]
    [Trait(Alert, "ConsumerLag")]
    public async Task A_row_that_stays_locked_makes_the_consumers_lag()
    {
        var lag = await Watch("ConsumerLag", Inventory);
        var sku = await Shop.Stock(10);
        await using var connection = await Inventory.Database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand($"SELECT FROM stock WHERE sku = '{sku}' FOR UPDATE", connection);

        await hold.ExecuteNonQueryAsync();
        await Shop.Place(sku);
        await lag.Fires();

        await transaction.RollbackAsync();
        await lag.Ends();
    }

    [LongFact]
    [Trait(Alert, "DeliveryDelay")]
    public async Task A_slow_database_delays_deliveries()
    {
        var delay = await Watch("DeliveryDelay", Inventory);
        await using var customers = Shop.Load(await Shop.Stock(100_000));

        Inventory.DatabaseProxy.Delay = TimeSpan.FromMilliseconds(300);
        await delay.Fires();

        Inventory.DatabaseProxy.Open();
        await delay.Ends();
    }

    [Fact]
    [Trait(Alert, "DeadLettersArriving")]
    public async Task An_event_that_its_handler_cannot_read_becomes_a_dead_letter()
    {
        const string Event = "OrderPlatform.Contracts.Orders:OrderPlaced";
        var arriving = await Watch("DeadLettersArriving", Inventory);
        await using var connection = await Platform.Connect();
        await using var channel = await connection.CreateChannelAsync();

        var properties = new BasicProperties
        {
            MessageId = Guid.CreateVersion7().ToString(),
            Headers = new Dictionary<string, object?> { ["MT-MessageType"] = $"urn:message:{Event}" },
        };
        await channel.BasicPublishAsync(Event, "", mandatory: true, properties, Encoding.UTF8.GetBytes("no JSON"));
        await arriving.Fires();

        // No action is needed: the alert ends when no dead letter has arrived for a while.
        await arriving.Ends();
    }

    [LongFact]
    [Trait(Alert, "DeferredTooLong")]
    public async Task An_event_whose_predecessor_is_held_up_is_deferred_too_long()
    {
        var deferred = await Watch("DeferredTooLong", Inventory);
        await using var connection = await Platform.Connect();
        await using var channel = await connection.CreateChannelAsync();

        Inventory.BrokerProxy.Close();
        var order = await Shop.Place("cable");
        var placed = await Take(channel, "inventory", order);
        await Shop.Cancel(order);
        Inventory.BrokerProxy.Open();
        await deferred.Fires();

        await channel.BasicNackAsync(placed.DeliveryTag, multiple: false, requeue: true);
        await deferred.Ends();
    }

    [LongFact]
    [Trait(Alert, "PartitionMissing")]
    public async Task Rows_without_a_partition_fire_until_the_next_run_creates_one()
    {
        var missing = await Watch("PartitionMissing", Inventory);
        await Shop.Place("cable");

        // Retention waits for this lock, so no partitions are created, as if for weeks.
        await using (var connection = await Inventory.Database.Source.OpenConnectionAsync())
        {
            await Execute(connection, "SELECT pg_advisory_lock(hashtextextended('orderplatform retention', 0))");
            await Execute(connection, MoveInboxToDefault);
            await missing.Fires();
            await Execute(connection, "SELECT pg_advisory_unlock(hashtextextended('orderplatform retention', 0))");
        }

        await missing.Ends();
        Assert.Equal(0, await Inventory.Database.Scalar<long>("SELECT count(*) FROM messaging.inbox_default"));
    }

    [LongFact]
    [Trait(Alert, "RetentionFailing")]
    public async Task A_service_without_permission_to_create_partitions_fails_its_retention()
    {
        var failing = await Watch("RetentionFailing", Inventory);
        var role = new NpgsqlConnectionStringBuilder(Inventory.Database.ConnectionString).Username;

        try
        {
            await Execute(Inventory, $"REVOKE EXECUTE ON FUNCTION messaging.make_partitions FROM PUBLIC, {role}");
            await failing.Fires();
        }
        finally
        {
            await Execute(Inventory, $"GRANT EXECUTE ON FUNCTION messaging.make_partitions TO PUBLIC, {role}");
        }

        await failing.Ends();
    }

    [LongFact]
    [Trait(Alert, "CarrierCircuitOpen")]
    public async Task A_failing_carrier_opens_the_circuit()
    {
        var circuit = await Watch("CarrierCircuitOpen", Shipping);
        await using var customers = Shop.Load(await Shop.Stock(100_000));

        await Platform.SetCarrier(Platform.CarrierDelay, failureRate: 1);
        await circuit.Fires();

        await Platform.SetCarrier(Platform.CarrierDelay);
        await circuit.Ends();
    }

    [LongFact]
    [Trait(Alert, "OrdersErrorBudgetBurnsFast")]
    [Trait(Alert, "OrdersErrorBudgetBurnsSlowly")]
    public async Task Orders_that_cannot_be_stored_fire_the_fast_then_the_slow_burn_alert()
    {
        var (fast, slowly) = (await Watch("OrdersErrorBudgetBurnsFast", Orders), await Watch("OrdersErrorBudgetBurnsSlowly", Orders));
        await using var customers = Shop.Load(await Shop.Stock(100_000));
        var role = new NpgsqlConnectionStringBuilder(Orders.Database.ConnectionString).Username;

        try
        {
            await Execute(Orders, $"REVOKE INSERT ON orders FROM {role}");
            await fast.Fires();
            await slowly.FiresSilenced();
        }
        finally
        {
            await Execute(Orders, $"GRANT INSERT ON orders TO {role}");
        }

        await fast.Ends();
        await slowly.Fires();
        await slowly.Ends();
    }

    private Task<WatchedAlert> Watch(string alert, Service service) => WatchedAlert.Begin(Monitoring, alert, service);

    private static async Task Execute(Service service, string sql)
    {
        await using var connection = await service.Database.Source.OpenConnectionAsync();
        await Execute(connection, sql);
    }

    private static async Task Execute(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Takes an order's event out of a queue, and holds it for as long as the channel is open.</summary>
    private static async Task<BasicGetResult> Take(IChannel channel, string queue, Guid order)
    {
        BasicGetResult? message = null;
        await Eventually.Is(async () =>
            (message = await channel.BasicGetAsync(queue, autoAck: false))?.BasicProperties.CorrelationId == order.ToString());
        return message!;
    }
}
