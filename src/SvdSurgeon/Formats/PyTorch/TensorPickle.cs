using System.Buffers.Binary;
using System.Text;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.PyTorch;

/// <summary>
/// Interprets the data.pkl of a PyTorch model: a dictionary of tensors. Of pickle's instructions it knows those that torch.save emits
/// (protocol 2), of all functions only the two that rebuild tensors and OrderedDict; anything else is refused by name and never called.
/// </summary>
internal ref struct TensorPickle
{
    private static readonly Dictionary<string, DType> Storages = new(StringComparer.Ordinal)
    {
        ["torch.DoubleStorage"] = DType.F64,
        ["torch.FloatStorage"] = DType.F32,
        ["torch.HalfStorage"] = DType.F16,
        ["torch.BFloat16Storage"] = DType.BF16,
        ["torch.LongStorage"] = DType.I64,
        ["torch.IntStorage"] = DType.I32,
        ["torch.CharStorage"] = DType.I8,
        ["torch.ByteStorage"] = DType.U8,
        ["torch.BoolStorage"] = DType.Bool,
    };

    private static readonly object Mark = new();
    private readonly ReadOnlySpan<byte> _code;
    private readonly string _file;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _at;

    private TensorPickle(ReadOnlySpan<byte> code, string file)
    {
        _code = code;
        _file = file;
    }

    /// <exception cref="InvalidModelException">The pickle is damaged or holds something else than a dictionary of tensors.</exception>
    public static IReadOnlyList<(string Name, PickledTensor Tensor)> Read(ReadOnlySpan<byte> code, string file) =>
        new TensorPickle(code, file).Run();

    private IReadOnlyList<(string Name, PickledTensor Tensor)> Run()
    {
        while (Byte() is var instruction && instruction != '.')
            Execute(instruction);
        if (Pop() is not Entries top)
            throw Damaged("it does not hold a dictionary of tensors");
        var tensors = new List<(string, PickledTensor)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in top)
        {
            string name = key as string ?? throw Damaged("a key of the dictionary is no text");
            if (value is not PickledTensor tensor)
                throw new InvalidModelException(
                    $"{_file}: the entry '{name}' is no tensor. Only plain state dictionaries are supported: save model.state_dict()."
                );
            if (!names.Add(name))
                throw Damaged($"tensor '{name}' appears twice");
            tensors.Add((name, tensor));
        }
        return tensors;
    }

    private void Execute(byte instruction)
    {
        switch ((char)instruction)
        {
            case '\u0080':
                if (Byte() is var protocol && protocol != 2)
                    throw Damaged($"it has pickle protocol {protocol}; supported: 2");
                break;
            case '(':
                Push(Mark);
                break;
            case '}':
                Push(new Entries());
                break;
            case ']':
                Push(new List<object?>());
                break;
            case ')':
                Push(Array.Empty<object?>());
                break;
            case 'N':
                Push(null);
                break;
            case '\u0088':
                Push(true);
                break;
            case '\u0089':
                Push(false);
                break;
            case 'K':
                Push((long)Byte());
                break;
            case 'M':
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)));
                break;
            case 'J':
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)));
                break;
            case '\u008a':
                Push(Long(Bytes(Byte())));
                break;
            case 'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8)));
                break;
            case 'X':
                Push(Encoding.UTF8.GetString(Bytes(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))));
                break;
            case 'U':
                Push(Encoding.Latin1.GetString(Bytes(Byte())));
                break;
            case 'q':
                _memo[Byte()] = Peek();
                break;
            case 'r':
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))] = Peek();
                break;
            case 'h':
                Push(Recall(Byte()));
                break;
            case 'j':
                Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))));
                break;
            case 't':
                Push(PopToMark());
                break;
            case '\u0085':
                Push(new[] { Pop() });
                break;
            case '\u0086':
            {
                object? b = Pop(),
                    a = Pop();
                Push(new[] { a, b });
                break;
            }
            case '\u0087':
            {
                object? c = Pop(),
                    b = Pop(),
                    a = Pop();
                Push(new[] { a, b, c });
                break;
            }
            case 's':
            {
                object? value = Pop(),
                    key = Pop();
                Dictionary().Add((key, value));
                break;
            }
            case 'u':
                SetItems(PopToMark());
                break;
            case 'a':
            {
                object? item = Pop();
                List().Add(item);
                break;
            }
            case 'e':
            {
                var items = PopToMark();
                List().AddRange(items);
                break;
            }
            case 'c':
                Push(Global(Line() + "." + Line()));
                break;
            case 'Q':
                Push(Storage(Pop()));
                break;
            case 'R':
            {
                object? arguments = Pop(),
                    function = Pop();
                Push(Rebuild(function, arguments as object?[] ?? throw Damaged("a call has no arguments")));
                break;
            }
            case 'b':
                Pop();
                Dictionary();
                break; // the state of an OrderedDict: versions of modules, which say nothing about the tensors
            default:
                throw Damaged($"it has the instruction 0x{instruction:x2} at byte {_at - 1}, which no dictionary of tensors needs");
        }
    }

    private readonly object Global(string name) =>
        name is "torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_parameter" or "collections.OrderedDict"
        || Storages.ContainsKey(name)
            ? new Function(name)
            : throw new InvalidModelException(
                $"{_file}: the file asks for '{name}', which is refused: only tensors are read, nothing from a model file is run. "
                    + $"Convert it to safetensors."
            );

    private readonly PickledStorage Storage(object? id) =>
        id is object?[] { Length: >= 5 } parts
        && parts is ["storage", Function { Name: var name }, string key, string, long count, ..]
        && Storages.TryGetValue(name, out DType type)
            ? new PickledStorage(type, key, count)
            : throw Damaged("it refers to something that is no storage");

    private readonly object Rebuild(object? function, object?[] arguments) =>
        (function as Function)?.Name switch
        {
            "collections.OrderedDict" when arguments.Length == 0 => new Entries(),
            "torch._utils._rebuild_parameter" when arguments is [PickledTensor tensor, ..] => tensor,
            "torch._utils._rebuild_tensor_v2"
                when arguments is [PickledStorage storage, long and >= 0, object?[] shape, object?[] strides, ..]
                    && shape.Length == strides.Length => new PickledTensor(storage, (long)arguments[1]!, Axes(shape), Axes(strides)),
            _ => throw Damaged("a function is called with arguments that do not make a tensor"),
        };

    private readonly long[] Axes(object?[] numbers)
    {
        var axes = new long[numbers.Length];
        for (int i = 0; i < axes.Length; i++)
            axes[i] = numbers[i] is long axis and >= 0 ? axis : throw Damaged("a shape or stride is no number");
        return axes;
    }

    private readonly void SetItems(object?[] items)
    {
        if (items.Length % 2 != 0)
            throw Damaged("a key has no value");
        var dictionary = Dictionary();
        for (int i = 0; i < items.Length; i += 2)
            dictionary.Add((items[i], items[i + 1]));
    }

    private readonly object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
            throw Damaged("a mark is missing");
        object?[] items = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private readonly Entries Dictionary() => Peek() as Entries ?? throw Damaged("something else stands where a dictionary should");

    private readonly List<object?> List() => Peek() as List<object?> ?? throw Damaged("something else stands where a list should");

    private readonly void Push(object? value) => _stack.Add(value);

    private readonly object? Peek() => _stack.Count > 0 && _stack[^1] != Mark ? _stack[^1] : throw Damaged("a value is missing");

    private readonly object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly object? Recall(uint index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw Damaged("it recalls what it never stored");

    private byte Byte() => Bytes(1)[0];

    private ReadOnlySpan<byte> Bytes(long count)
    {
        if (count > _code.Length - _at)
            throw Damaged("it ends too early");
        _at += (int)count;
        return _code.Slice(_at - (int)count, (int)count);
    }

    private string Line()
    {
        int length = _code[_at..].IndexOf((byte)'\n');
        if (length < 0)
            throw Damaged("it ends too early");
        return Encoding.Latin1.GetString(Bytes(length + 1)[..length]);
    }

    private readonly long Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 8)
            throw Damaged("it has a number beyond 64 bits");
        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = (value << 8) | bytes[i];
        return value;
    }

    private readonly InvalidModelException Damaged(string what) =>
        new($"{_file}: data.pkl cannot be read: {what}. Fetch the file again or convert it to safetensors.");

    private sealed record Function(string Name);

    // A list: keys of any kind are pushed, only texts are accepted at the end.
    private sealed class Entries : List<(object? Key, object? Value)>;
}
