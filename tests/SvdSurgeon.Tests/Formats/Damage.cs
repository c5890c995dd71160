using NUnit.Framework;

namespace SvdSurgeon.Tests.Formats;

/// <summary>Files with a wrong byte: reading them works or is a model error, nothing else.</summary>
internal static class Damage
{
    public static void OneByte(byte[] whole, int range, Random random, Func<byte[], string> write, Action<string> read)
    {
        byte[] bytes = [.. whole];
        int at = random.Next(range);
        bytes[at] = (byte)random.Next(256);
        string path = write(bytes);
        try
        {
            read(path);
        }
        catch (InvalidModelException e)
        {
            Assert.That(e.Message, Does.Contain(Path.GetFileName(path)));
        }
        catch (Exception e) when (e is not AssertionException)
        {
            Assert.Fail($"byte {at} set to {bytes[at]}: {e}");
        }
    }
}
