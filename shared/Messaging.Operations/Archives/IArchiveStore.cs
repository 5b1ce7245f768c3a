namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>Stores the archives of one service.</summary>
internal interface IArchiveStore
{
    /// <summary>Stores a file. When this returns, the whole file is durable; until then it is not visible under its name.</summary>
    /// <param name="name">A name that was not used before.</param>
    /// <param name="write">Writes the whole content.</param>
    /// <param name="cancellationToken">Abandons the file.</param>
    Task Write(string name, Func<Stream, Task> write, CancellationToken cancellationToken);

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    Task<Stream> Open(string name, CancellationToken cancellationToken);

    /// <summary>The names of all files, complete or not.</summary>
    Task<IReadOnlyList<string>> List(CancellationToken cancellationToken);

    /// <summary>Deletes a file, if it exists.</summary>
    Task Delete(string name, CancellationToken cancellationToken);
}
