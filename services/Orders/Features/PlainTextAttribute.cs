using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Orders.Features;

/// <summary>
/// Text of limited length that is not blank and has no control characters: PostgreSQL cannot store NUL, and the others cannot be
/// printed on a shipping label.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PlainTextAttribute : StringLengthAttribute
{
    public PlainTextAttribute(int maximumLength)
        : base(maximumLength)
    {
        MinimumLength = 1;
        ErrorMessage = "The field {0} must be 1 to {1} characters long, not blank, and without control characters.";
    }

    public override bool IsValid(object? value) =>
        base.IsValid(value) && value is string text && !string.IsNullOrWhiteSpace(text) && !text.Any(char.IsControl);
}
