[assembly: AssemblyFixture(typeof(SampleTemplate))]
