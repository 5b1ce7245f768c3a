using System.ComponentModel.DataAnnotations;

namespace OrderPlatform.Inventory.Domain;

/// <summary>A stock keeping unit: 1 to 64 characters of <c>A-Z a-z 0-9 . _ -</c>.</summary>
[AttributeUsage(AttributeTargets.Parameter | AttributeTargets.Property)]
public sealed class SkuAttribute() : RegularExpressionAttribute("^[A-Za-z0-9._-]{1,64}$");
