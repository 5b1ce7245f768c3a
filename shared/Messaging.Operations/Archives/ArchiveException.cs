namespace OrderPlatform.Messaging.Operations.Archives;

/// <summary>An archive is missing or damaged, or none is configured.</summary>
internal class ArchiveException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The archive store cannot be reached or denies access; the same call may succeed later.</summary>
internal sealed class ArchiveUnavailableException(string message, Exception cause) : ArchiveException(message, cause);
