using System.Globalization;
using System.Text;

namespace SvdSurgeon.Pipeline.Shares;

/// <summary>
/// Who makes which piece: KEY.1 in the shared folder, which only one process can create, with its owner's name. When that one is dead,
/// only one can create KEY.2, and so on; nothing is ever taken away, so that no two processes can disagree.
/// </summary>
/// <param name="folder">Where the claims are.</param>
/// <param name="owner">This process.</param>
/// <param name="heartbeats">Tells whether others live.</param>
internal sealed class Claims(string folder, string owner, Heartbeats heartbeats)
{
    /// <summary>A piece is begun at most so often.</summary>
    public const int Attempts = 3;

    /// <summary>Claims a piece.</summary>
    /// <returns>True where it is this process's to make.</returns>
    /// <exception cref="IOException">All who began it have died.</exception>
    public bool Take(string key)
    {
        string last = "";
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            string path = Path.Combine(folder, key.Replace('/', '+') + "." + attempt.ToString(CultureInfo.InvariantCulture));
            if (Read(path) is not { } taken)
            {
                if (Create(path))
                    return true;
                taken = Read(path) ?? "";
            }
            if (taken == owner)
                return true;
            if (heartbeats.IsAlive(taken, path))
                return false;
            last = taken;
        }
        throw new IOException(
            $"{key}: {Attempts} workers began it and died, the last of them {Named(last)}. Look there for the reason, such as too little "
                + $"memory, and give the same command again."
        );
    }

    /// <summary>A claim's owner in words.</summary>
    public static string Named(string owner) =>
        owner.Split(' ', 3) is [var rank, _, var host] ? $"rank {rank} on {host}" : "one that left no name";

    private static string? Read(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream);
            return reader.ReadToEnd();
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    // Exclusive creation is atomic on local and on network file systems.
    private bool Create(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite);
            stream.Write(Encoding.UTF8.GetBytes(owner));
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }
}
