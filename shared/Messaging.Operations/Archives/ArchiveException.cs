namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>An archive is missing, damaged, or not to be had.</summary>
internal class ArchiveException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>What archives are kept in is away, or lets nobody in: the same may succeed later.</summary>
internal sealed class ArchiveUnavailableException(string message, Exception cause) : ArchiveException(message, cause);
