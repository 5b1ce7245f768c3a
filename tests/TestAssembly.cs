// Part of every test project, by Directory.Build.props.
[assembly: Xunit.TestCollectionOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: Xunit.TestClassOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: Xunit.TestMethodOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: Xunit.TestCaseOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: OrderPlatform.Testing.FailureReport]
