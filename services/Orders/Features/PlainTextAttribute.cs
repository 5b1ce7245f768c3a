using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Orders.Features;

/// <summary>
/// Bounded text with something to read in it, and without control characters: PostgreSQL cannot store the first of them, and
/// no label can show the others.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PlainTextAttribute : StringLengthAttribute
{
    public PlainTextAttribute(int maximumLength)
        : base(maximumLength)
    {
        MinimumLength = 1;
        ErrorMessage = "The field {0} must be 1 to {1} characters, not all of them spaces and none of them control characters.";
    }

    public override bool IsValid(object? value) =>
        base.IsValid(value) && value is string text && !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl);
}
