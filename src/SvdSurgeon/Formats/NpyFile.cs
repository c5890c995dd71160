using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using SvdSurgeon.IO;

namespace SvdSurgeon.Formats;

/// <summary>NumPy files of token ids: int32 or int64, little endian, C order, one or two axes.</summary>
internal static partial class NpyFile
{
    [GeneratedRegex(
        """^\s*\{\s*['"]descr['"]\s*:\s*['"](?<type>[^'"]*)['"]\s*,\s*['"]fortran_order['"]\s*:\s*"""
            + """(?<fortran>True|False)\s*,\s*['"]shape['"]\s*:\s*\((?<shape>[0-9,\s]*)\)\s*,?\s*\}\s*$"""
    )]
    private static partial Regex Header();

    /// <summary>Reads shape and numbers.</summary>
    /// <exception cref="InvalidInputException">The file is missing, damaged, of another type, order or number of axes, or an id does not
    /// fit.</exception>
    public static (int[] Shape, int[] Values) Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(
                e is FileNotFoundException or DirectoryNotFoundException
                    ? $"{path}: the file does not exist. Check the path."
                    : $"{path}: the file cannot be read ({e.Message.TrimEnd('.')}).",
                e
            );
        }
        ReadOnlySpan<byte> file = bytes;
        if (file.Length < 12 || file[0] != 0x93 || !file[1..].StartsWith("NUMPY"u8))
            throw new InvalidInputException($"{path}: this is no .npy file. Save the token ids with numpy.save as int32.");
        int start = file[6] == 1 ? 10 : 12;
        uint length =
            file[6] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(file[8..]);
        if (length > file.Length - start)
            throw Incomplete(path);
        var header = Header().Match(Encoding.Latin1.GetString(file.Slice(start, (int)length)));
        if (!header.Success)
            throw new InvalidInputException($"{path}: the header of the .npy file cannot be read. Save it again with numpy.save.");

        string type = header.Groups["type"].Value;
        if (type is not ("<i4" or "<i8"))
            throw new InvalidInputException(
                $"{path}: the numbers have the type '{type}'. Supported: int32 and int64, little endian ('<i4', '<i8')."
            );
        string[] axes = header.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (axes.Length is not (1 or 2))
            throw new InvalidInputException($"{path}: the array has {axes.Length} axes. Supported: [tokens] and [sequences, tokens].");
        if (axes.Length == 2 && header.Groups["fortran"].Value == "True")
            throw new InvalidInputException($"{path}: the array is in Fortran order. Save numpy.ascontiguousarray(ids).");
        var shape = new int[axes.Length];
        long count = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            if (!int.TryParse(axes[i], out shape[i]))
                throw Incomplete(path);
            count *= shape[i];
        }
        int size = type == "<i4" ? 4 : 8;
        var data = file[(start + (int)length)..];
        if (data.Length / size != count || data.Length % size != 0)
            throw Incomplete(path);
        return (shape, size == 4 ? MemoryMarshal.Cast<byte, int>(data).ToArray() : Narrow(path, MemoryMarshal.Cast<byte, long>(data)));
    }

    /// <summary>Writes int32.</summary>
    public static void Write(string path, ReadOnlySpan<int> shape, ReadOnlySpan<int> values)
    {
        string axes = shape.Length == 1 ? $"({shape[0]},)" : "(" + string.Join(", ", shape.ToArray()) + ")";
        string text = $"{{'descr': '<i4', 'fortran_order': False, 'shape': {axes}, }}";
        int padded = (10 + text.Length + 1 + 63) / 64 * 64; // NumPy aligns the data to 64 bytes
        var bytes = new byte[padded + values.Length * sizeof(int)];
        ReadOnlySpan<byte> magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0];
        magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), (ushort)(padded - 10));
        Encoding.Latin1.GetBytes(text.PadRight(padded - 11) + "\n", bytes.AsSpan(10));
        MemoryMarshal.AsBytes(values).CopyTo(bytes.AsSpan(padded));
        AtomicFile.Write(path, stream => stream.Write(bytes), bytes.Length);
    }

    private static int[] Narrow(string path, ReadOnlySpan<long> values)
    {
        var narrow = new int[values.Length];
        for (int i = 0; i < narrow.Length; i++)
            narrow[i] = values[i] is >= int.MinValue and <= int.MaxValue
                ? (int)values[i]
                : throw new InvalidInputException($"{path}: entry {i} is {values[i]}, which is no token id.");
        return narrow;
    }

    private static InvalidInputException Incomplete(string path) =>
        new($"{path}: the file does not hold the numbers that its header announces. It is damaged or incomplete; copy it again.");
}
