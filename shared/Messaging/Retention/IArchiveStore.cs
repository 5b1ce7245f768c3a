namespace OrderPlatform.Messaging;

/// <summary>Where the archives of one service are.</summary>
internal interface IArchiveStore
{
    /// <summary>Keeps a file: when this returns, all of it is safe, and before, nobody sees it under its name.</summary>
    /// <param name="name">One that was not used before.</param>
    /// <param name="write">Writes the content, from beginning to end.</param>
    /// <param name="cancellation">Gives up.</param>
    Task Write(string name, Func<Stream, Task> write, CancellationToken cancellation);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    Task<Stream> Open(string name, CancellationToken cancellation);

    /// <summary>The names of all files, whole or not.</summary>
    Task<IReadOnlyList<string>> List(CancellationToken cancellation);

    /// <summary>Removes a file, if it is there.</summary>
    Task Delete(string name, CancellationToken cancellation);
}
