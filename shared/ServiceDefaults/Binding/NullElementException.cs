using System.Text.Json;

namespace OrderPlatform.ServiceDefaults.Binding;

/// <summary>A list in a JSON body contains null.</summary>
/// <param name="element">The element's path from the object that has the list, such as <c>lines[2]</c>.</param>
internal sealed class NullElementException(string element) : JsonException($"{element} must not be null.")
{
    public string Element { get; } = element;
}
