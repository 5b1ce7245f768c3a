using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Messaging.Storage;

/// <summary>Text that a column is compared with: 1 to a maximum number of characters, without NUL.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class ColumnTextAttribute : StringLengthAttribute
{
    public ColumnTextAttribute(int maximumLength)
        : base(maximumLength)
    {
        MinimumLength = 1;
        ErrorMessage = "The field {0} must be 1 to {1} characters long, without NUL.";
    }

    public override bool IsValid(object? value) => value is null || TextColumn.Takes(value as string, MaximumLength);
}
