using System.Diagnostics;
using System.Security.Authentication;
using OrderPlatform.Testing;
using RabbitMQ.Client.Exceptions;

namespace OrderPlatform.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    /// <summary>The longest time that the platform promises for stopping a service.</summary>
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task It_is_healthy_while_connected_and_consumes_again_after_an_outage()
    {
        var proxy = Proxy();
        var host = await Start(address: Through(proxy));

        proxy.Close();
        await Eventually.Is(() => !host.Transport.IsUp);
        await Send(Events.Messages(3, Events.Paid));
        proxy.Open();

        await Eventually.Is(() => host.Transport.IsUp);
        await Eventually.Is(() => host.Receiver.Handled.Count == 3);
    }

    [Fact]
    public async Task A_service_starts_while_the_broker_is_down()
    {
        var proxy = Proxy();
        proxy.Close();
        var host = await StartUnconnected(address: Through(proxy));
        Assert.False(host.Transport.IsUp);

        proxy.Open();

        await Eventually.Is(() => host.Transport.IsUp);
        await Send(Events.Message(Events.Paid, "one"));
        await Eventually.Is(() => host.Receiver.Handled.Count == 1);
    }

    [Fact]
    public async Task Dead_letters_are_filed_again_after_an_outage()
    {
        var proxy = Proxy();
        var store = new RecordingStore();
        var host = await Start(new ConformanceHost.Settings(Store: store), Through(proxy));
        host.Receiver.Handler = _ => throw new FormatException("no good");

        proxy.Close();
        await Eventually.Is(() => !host.Transport.IsUp);
        proxy.Open();
        await Eventually.Is(() => host.Transport.IsUp);
        await Send(Events.Message(Events.Paid, "one"));

        await Eventually.Is(() => store.Filed.Count == 1);
    }

    [Fact]
    public async Task A_deleted_queue_is_declared_and_consumed_again()
    {
        var host = await Start();

        await Raw.Delete(Queue);

        await Eventually.Is(async () =>
        {
            try
            {
                await Send(Events.Message(Events.Paid, "one"));
            }
            catch (PublishException)
            {
                // The queue is not bound yet.
            }

            return !host.Receiver.Received.IsEmpty;
        });
    }

    [Fact]
    public async Task When_a_node_is_lost_the_next_one_in_the_address_is_used()
    {
        TcpProxy[] nodes = [Proxy(), Proxy()];
        var host = await Start(address: Through(nodes));

        foreach (var lost in new[] { nodes[0], nodes[1], nodes[0] })
        {
            foreach (var node in nodes)
                node.Open();
            lost.Close();

            await Eventually.Is(() => host.Transport.IsUp);
            host.Receiver.Received.Clear();
            await Eventually.Is(async () =>
            {
                await using var publisher = await host.Transport.ConnectPublisher(Cancellation);
                await await publisher.Publish(Events.Messages(1, Events.Paid), Cancellation);
                return true;
            });
            await Eventually.Is(() => !host.Receiver.Received.IsEmpty);
            await using var sender = await host.Transport.Sender("test");
            await sender.Send(OtherQueue, [Events.Message(Events.Placed, "one").Message], Cancellation);
        }
    }

    /// <summary>Publishes as the relay does: after a failure it continues from the last confirmed event, with a new publisher.</summary>
    [LongFact]
    public async Task A_node_that_is_restarted_while_events_flow_loses_none_and_stores_them_in_order()
    {
        started.Add(await node.Reserve());
        var broker = await TestBroker.CreateVhost(server: await node.Server());
        started.Add(broker);
        var host = await Start(address: node.WithTls(broker.Uri));
        await using (var raw = await RawBroker.Connect(broker.Uri))
            await raw.Bind(Probe, Events.Paid);
        var (confirmed, interruptions) = (0, 0);
        using var enough = new CancellationTokenSource();
        var publishing = Eventually.Is(async () => await PublishUntil(enough.Token));
        await Eventually.Is(() => !host.Receiver.Handled.IsEmpty);

        await node.Restart();
        var atRestart = Volatile.Read(ref confirmed);
        var bodiesAtRestart = host.Receiver.Bodies.Length;
        await Eventually.Is(() => Volatile.Read(ref confirmed) > atRestart && host.Receiver.Bodies.Length > bodiesAtRestart);
        await enough.CancelAsync();
        await publishing;
        Assert.NotEqual(0, interruptions);

        await using var reader = await RawBroker.Connect(broker.Uri);
        var stored = new List<string>();
        while (await reader.Get(Probe) is { } message)
            stored.Add(Events.NameOf(message.Body));
        // Events whose confirm was lost are there twice.
        Assert.Equal(Numbers(confirmed), stored.Distinct().Take(confirmed));
        await Eventually.Is(() => !Numbers(confirmed).Except(host.Receiver.Bodies).Any());

        async Task<bool> PublishUntil(CancellationToken enough)
        {
            try
            {
                await using var publisher = await host.Transport.ConnectPublisher(Cancellation);
                while (!enough.IsCancellationRequested)
                {
                    var batch = Numbers(10, confirmed).Select(number => Events.Message(Events.Paid, number));
                    await await publisher.Publish([.. batch], Cancellation);
                    Interlocked.Add(ref confirmed, 10);
                }

                return true;
            }
            catch (Exception) when (!Cancellation.IsCancellationRequested)
            {
                interruptions++;
                return false;
            }
        }

        static IEnumerable<string> Numbers(int count, int first = 0) => Enumerable.Range(first, count).Select(Events.Number);
    }

    /// <summary>The other tests with TLS use a proxy; this one uses the broker's own listener.</summary>
    [Fact]
    public async Task With_TLS_events_flow_through_the_brokers_own_listener()
    {
        started.Add(await node.Reserve());
        var broker = await TestBroker.CreateVhost(server: await node.Server());
        started.Add(broker);
        var host = await Start(address: node.WithTls(broker.Uri));

        await using (var publisher = await host.Transport.Publisher())
            await await publisher.Publish(Events.Messages(1, Events.Paid), Cancellation);

        await Eventually.Is(() => host.Receiver.Handled.Count == 1);
    }

    [Fact]
    public async Task With_TLS_a_broker_certified_by_the_configured_authority_is_trusted()
    {
        await using var tls = new TlsProxy(Broker.Uri);
        var host = await Start(address: tls.Address(tls.AuthorityFile));
        await using (var publisher = await host.Transport.Publisher())
            await await publisher.Publish(Events.Messages(1, Events.Paid), Cancellation);

        await Eventually.Is(() => host.Receiver.Handled.Count == 1);
        await host.Stop();
    }

    [Fact]
    public async Task With_TLS_a_broker_certified_by_another_authority_is_refused()
    {
        await using var tls = new TlsProxy(Broker.Uri);
        await IsRefused(tls.Address(tls.WrongAuthorityFile));
    }

    [Fact]
    public async Task With_TLS_a_broker_certified_by_a_private_authority_is_refused_when_none_is_configured()
    {
        await using var tls = new TlsProxy(Broker.Uri);
        await IsRefused(tls.Address(authority: null));
    }

    [Fact]
    public async Task With_TLS_a_certificate_for_another_host_is_refused()
    {
        await using var tls = new TlsProxy(Broker.Uri);
        await IsRefused(tls.Address(tls.AuthorityFile, host: "127.0.0.1"));
    }

    [Fact]
    public async Task An_unusable_address_prevents_startup_with_one_sentence()
    {
        var host = ConformanceHost.Build(Use, "rabbitmq://guest:secret@localhost/", new ConformanceHost.Settings());

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => host.Start(Cancellation));

        Assert.Equal("The setting ConnectionStrings:Broker cannot be used: it must begin with amqp:// or amqps://.", refused.Message);
    }

    [Fact]
    public async Task A_stop_leaves_a_message_awaiting_its_retry_in_its_queue()
    {
        var host = await Start();
        host.Receiver.Handler = _ => Task.Delay(Timeout.Infinite, host.Stopping);
        await Send(Events.Messages(3, Events.Paid));
        await Eventually.Is(() => host.Receiver.InHand == 3);

        Assert.InRange(await StopTime(host), TimeSpan.Zero, LongestStop);

        await Eventually.Is(async () => await Raw.Count(Queue) == 3);
        Assert.Equal(0u, await Raw.Count(Errors));
        Assert.Empty(host.Receiver.DeadLetters);
    }

    [Fact]
    public async Task A_stop_leaves_a_message_whose_handler_never_ends_in_its_queue()
    {
        var host = await Start();
        host.Receiver.Handler = _ => Task.Delay(Timeout.Infinite, Cancellation);
        await Send(Events.Message(Events.Paid, "one"));
        await Eventually.Is(() => host.Receiver.InHand == 1);

        Assert.InRange(await StopTime(host), TimeSpan.Zero, LongestStop);

        await Eventually.Is(async () => await Raw.Count(Queue) == 1);
    }

    [Fact]
    public async Task A_stop_acknowledges_messages_that_are_handled_meanwhile()
    {
        var host = await Start();
        host.Receiver.Handler = async _ =>
        {
            // As in the library, work that has begun is committed.
            await Task.Delay(Timeout.Infinite, host.Stopping).ContinueWith(_ => { }, TaskScheduler.Default);
            await Task.Delay(50, Cancellation);
        };
        await Send(Events.Messages(3, Events.Paid));
        await Eventually.Is(() => host.Receiver.InHand == 3);

        await host.Stop();

        Assert.Equal(3, host.Receiver.Handled.Count);
        await IsEmpty(Queue);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_an_unresponsive_broker()
    {
        var proxy = Proxy();
        var host = await Start(address: Through(proxy));
        proxy.Freeze();

        Assert.InRange(await StopTime(host), TimeSpan.Zero, LongestStop);
    }

    private static async Task<TimeSpan> StopTime(ConformanceHost host)
    {
        var watch = Stopwatch.StartNew();
        await host.Stop();
        return watch.Elapsed;
    }

    private string Through(TcpProxy[] nodes)
    {
        var broker = Broker.Uri;
        var hosts = string.Join(',', nodes.Select(node => $"127.0.0.1:{node.Port}"));
        return $"{broker.Scheme}://{broker.UserInfo}@{hosts}{broker.AbsolutePath}";
    }

    private async Task IsRefused(string address)
    {
        var host = await StartUnconnected(address: address);

        // An attempt that takes seconds, on a slow machine, ends with a timeout instead.
        await Eventually.Is(async () =>
            (await Assert.ThrowsAnyAsync<Exception>(() => host.Transport.ConnectPublisher(Cancellation)))
                .GetBaseException() is AuthenticationException);
        await Assert.ThrowsAnyAsync<Exception>(() => host.Transport.ConnectSender("test", Cancellation));
        Assert.False(host.Transport.IsUp);
        Assert.Null(await Broker.Ask($"queues/{{vhost}}/{Queue}"));
        await host.Stop();
    }
}
