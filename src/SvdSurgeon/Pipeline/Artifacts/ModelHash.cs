using System.Security.Cryptography;
using System.Text;
using SvdSurgeon.Formats;

namespace SvdSurgeon.Pipeline.Artifacts;

/// <summary>SHA-256 over a model's configuration and weight files: its name in artifact keys.</summary>
internal static class ModelHash
{
    public static string Of(Checkpoint model, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(model.ConfigJson.ToJsonString()));
        var buffer = new byte[1 << 20];
        foreach (string file in model.Files)
        {
            using var stream = File.OpenRead(file);
            for (int read; (read = stream.Read(buffer)) > 0; )
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
