using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace OrderPlatform.Architecture.Tests;

/// <summary>
/// Which folders of a project use which, computed from its compiled types. A folder is a namespace; a type uses the types that its
/// members, attributes and method bodies refer to. Compiler-generated nested types count as the type that contains them.
/// </summary>
internal sealed class FolderGraph
{
    private readonly Dictionary<string, Dictionary<string, string>> uses = [];

    private FolderGraph(IEnumerable<(TypeDefinition User, TypeDefinition Used)> references)
    {
        foreach (var (user, used) in references)
        {
            if (user.Namespace == used.Namespace)
                continue;
            if (!uses.TryGetValue(user.Namespace, out var folders))
                uses[user.Namespace] = folders = [];
            folders.TryAdd(used.Namespace, $"{user.FullName} uses {used.FullName}");
        }
    }

    public static FolderGraph Of(string assembly)
    {
        using var module = ModuleDefinition.ReadModule(assembly);
        return new FolderGraph(
            from type in module.GetAllTypes()
            let user = Outermost(type)
            where user.Namespace.Length > 0
            from used in Used(type)
            where used.Module == module && used.Namespace.Length > 0
            select (user, used));
    }

    /// <summary>The first cycle of folders found, each step as a pair of types that causes it; empty if there is none.</summary>
    public IReadOnlyList<string> Cycle()
    {
        var done = new HashSet<string>();
        foreach (var folder in uses.Keys.Order(StringComparer.Ordinal))
        {
            if (Cycle(folder, [], done) is { Count: > 0 } cycle)
                return cycle;
        }

        return [];
    }

    private List<string> Cycle(string folder, List<string> path, HashSet<string> done)
    {
        var begin = path.IndexOf(folder);
        if (begin >= 0)
            return [.. path.Skip(begin).Zip([.. path.Skip(begin + 1), folder], (user, used) => uses[user][used])];
        if (done.Contains(folder))
            return [];
        path.Add(folder);
        foreach (var used in uses.GetValueOrDefault(folder)?.Keys.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>())
        {
            if (Cycle(used, path, done) is { Count: > 0 } cycle)
                return cycle;
        }

        path.RemoveAt(path.Count - 1);
        done.Add(folder);
        return [];
    }

    private static IEnumerable<TypeDefinition> Used(TypeDefinition type)
    {
        IEnumerable<TypeReference?> named =
        [
            type.BaseType,
            .. type.Interfaces.Select(i => i.InterfaceType),
            .. Attributes(type),
            .. type.GenericParameters.SelectMany(parameter => parameter.Constraints).Select(constraint => constraint.ConstraintType),
            .. type.Fields.SelectMany(field => Attributes(field).Append(field.FieldType)),
            .. type.Properties.SelectMany(property => Attributes(property).Append(property.PropertyType)),
            .. type.Methods.SelectMany(Named),
        ];
        return named.SelectMany(Parts).OfType<TypeDefinition>().Select(Outermost).Distinct();
    }

    private static IEnumerable<TypeReference?> Named(MethodDefinition method) =>
    [
        method.ReturnType,
        .. Attributes(method),
        .. method.Parameters.SelectMany(parameter => Attributes(parameter).Append(parameter.ParameterType)),
        .. method.GenericParameters.SelectMany(parameter => parameter.Constraints).Select(constraint => constraint.ConstraintType),
        .. method.HasBody ? method.Body.Variables.Select(variable => variable.VariableType) : [],
        .. method.HasBody ? method.Body.Instructions.SelectMany(instruction => Operand(instruction.Operand)) : [],
    ];

    private static IEnumerable<TypeReference?> Operand(object? operand) => operand switch
    {
        TypeReference type => [type],
        GenericInstanceMethod method => [method.DeclaringType, .. method.GenericArguments],
        MemberReference member => [member.DeclaringType],
        _ => [],
    };

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider provider) =>
        provider.CustomAttributes.Select(attribute => attribute.AttributeType);

    /// <summary>A type and its generic arguments, as far as this module defines them.</summary>
    private static IEnumerable<TypeReference?> Parts(TypeReference? type) => type switch
    {
        null => [],
        GenericInstanceType generic => [.. Parts(generic.ElementType), .. generic.GenericArguments.SelectMany(Parts)],
        TypeSpecification specification => Parts(specification.ElementType),
        TypeDefinition definition => [definition],
        _ => [],
    };

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
