using System.Buffers.Binary;
using System.Text;
using SvdSurgeon.Tensors;

namespace SvdSurgeon.Formats.PyTorch;

/// <summary>
/// Where the entries of a mapped zip archive lie. Entries must be stored, not compressed, so that they can be used in place.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50,
        End64Signature = 0x06064b50,
        Locator64Signature = 0x07064b50,
        CentralSignature = 0x02014b50,
        LocalSignature = 0x04034b50;
    private readonly MappedFile _file;
    private readonly Dictionary<string, ZipEntry> _entries = new(StringComparer.Ordinal);

    private ZipDirectory(MappedFile file) => _file = file;

    public IReadOnlyDictionary<string, ZipEntry> Entries => _entries;

    /// <exception cref="InvalidModelException">The archive is damaged, incomplete, encrypted or compressed.</exception>
    public static ZipDirectory Read(MappedFile file)
    {
        var directory = new ZipDirectory(file);
        directory.Read();
        return directory;
    }

    private void Read()
    {
        long end = FindEnd();
        ulong count = UInt16(end + 10),
            start = UInt32(end + 16);
        if (end >= 20 && UInt32(end - 20) == Locator64Signature)
        {
            long end64 = Position(UInt64(end - 12), 56);
            if (UInt32(end64) != End64Signature)
                throw Damaged();
            (count, start) = (UInt64(end64 + 32), UInt64(end64 + 48));
        }
        long at = Position(start, 0);
        for (ulong i = 0; i < count; i++)
        {
            if (at > _file.Length - 46 || UInt32(at) != CentralSignature)
                throw Damaged();
            int name = UInt16(at + 28),
                extra = UInt16(at + 30),
                comment = UInt16(at + 32);
            long next = at + 46 + name + extra + comment;
            if (next > _file.Length)
                throw Damaged();
            AddEntry(at, Encoding.UTF8.GetString(_file.Span(at + 46, name)), _file.Span(at + 46 + name, extra));
            at = next;
        }
    }

    private void AddEntry(long at, string name, ReadOnlySpan<byte> extra)
    {
        ulong packed = UInt32(at + 20),
            size = UInt32(at + 24),
            offset = UInt32(at + 42);
        ReadZip64(extra, ref size, ref packed, ref offset);
        if ((UInt16(at + 8) & 1) != 0)
            throw new InvalidModelException($"{_file.FilePath}: the entry '{name}' is encrypted, which is not supported.");
        if (UInt16(at + 10) != 0 || packed != size)
            throw new InvalidModelException(
                $"{_file.FilePath}: the entry '{name}' is compressed, which is not supported. PyTorch stores its entries; save the model "
                    + $"again with it."
            );
        long local = Position(offset, 30);
        if (UInt32(local) != LocalSignature)
            throw Damaged();
        long data = local + 30 + UInt16(local + 26) + UInt16(local + 28);
        if (size > long.MaxValue || data > _file.Length || (long)size > _file.Length - data)
            throw Damaged();
        if (!_entries.TryAdd(name, new ZipEntry(name, data, (long)size)))
            throw new InvalidModelException($"{_file.FilePath}: the entry '{name}' appears twice.");
    }

    // Sizes and offsets beyond 4 GB are in an extra field; it holds those that do not fit, in this order.
    private static void ReadZip64(ReadOnlySpan<byte> extra, ref ulong size, ref ulong packed, ref ulong offset)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra),
                length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
                return;
            var field = extra.Slice(4, length);
            extra = extra[(4 + length)..];
            if (id != 1)
                continue;
            Take(ref field, ref size);
            Take(ref field, ref packed);
            Take(ref field, ref offset);
        }

        static void Take(ref ReadOnlySpan<byte> field, ref ulong value)
        {
            if (value != uint.MaxValue || field.Length < 8)
                return;
            value = BinaryPrimitives.ReadUInt64LittleEndian(field);
            field = field[8..];
        }
    }

    private long FindEnd()
    {
        long least = Math.Max(0, _file.Length - 22 - ushort.MaxValue); // a comment may follow
        for (long at = _file.Length - 22; at >= least; at--)
            if (UInt32(at) == EndSignature)
                return at;
        throw new InvalidModelException(
            $"{_file.FilePath}: the zip archive ends before its directory. The download is probably incomplete; fetch it again."
        );
    }

    private long Position(ulong offset, int bytes) =>
        offset <= long.MaxValue && (long)offset <= _file.Length - bytes ? (long)offset : throw Damaged();

    private ushort UInt16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(_file.Span(at, 2));

    private uint UInt32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(_file.Span(at, 4));

    private ulong UInt64(long at) => BinaryPrimitives.ReadUInt64LittleEndian(_file.Span(at, 8));

    private InvalidModelException Damaged() => new($"{_file.FilePath}: the directory of the zip archive is damaged. Fetch the file again.");
}
