namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Where the archives of one service are.</summary>
internal interface IArchiveStore
{
    /// <summary>Keeps a file: when this returns, all of it is safe, and before, nobody sees it under its name.</summary>
    /// <param name="name">One that was not used before.</param>
    /// <param name="write">Writes the content, from beginning to end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    Task<Stream> Open(string name, CancellationToken cancellationToken);

    /// <summary>The names of all files, whole or not.</summary>
    Task<IReadOnlyList<string>> List(CancellationToken cancellationToken);

    /// <summary>Removes a file, if it is there.</summary>
    Task Delete(string name, CancellationToken cancellationToken);
}
