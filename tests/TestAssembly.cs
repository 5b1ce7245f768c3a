// Directory.Build.props compiles this file into every test project.
[assembly: Xunit.TestCollectionOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: Xunit.TestClassOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: Xunit.TestMethodOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: Xunit.TestCaseOrderer<OrderPlatform.Testing.ShuffledOrder>]
[assembly: OrderPlatform.Testing.FailureReport]
