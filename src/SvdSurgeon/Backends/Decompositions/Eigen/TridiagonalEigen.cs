using SvdSurgeon.Backends.Cpu;
using SvdSurgeon.LinearAlgebra;

namespace SvdSurgeon.Backends.Decompositions.Eigen;

/// <summary>
/// Eigen-decomposition of a symmetric tridiagonal matrix by divide and conquer (Cuppen; Gu and Eisenstat): halves are torn apart by a
/// rank-one change, solved, and joined again.
/// </summary>
internal static unsafe class TridiagonalEigen
{
    private const int Leaf = 32;

    /// <summary>
    /// On return <paramref name="d"/> holds the eigenvalues, ascending; the rows of the result are the eigenvectors. Overwrites
    /// <paramref name="e"/>.
    /// </summary>
    public static Matrix Decompose(ThreadTeam team, double[] d, double[] e)
    {
        int n = d.Length;
        var rows = new Matrix(n, n);
        for (int i = 0; i < n; i++)
            rows.Data[(long)i * n + i] = 1;
        var levels = new List<List<(int First, int Middle, int Last)>>();
        var leaves = new List<(int First, int Last)>();
        Divide(0, n, 0, levels, leaves);
        // T = diag(T₁, T₂) + |e| u uᵀ with u = (0 … 1, sign e … 0).
        var couplings = new Dictionary<int, double>();
        foreach (var joint in levels.SelectMany(l => l))
        {
            double coupling = e[joint.Middle - 1];
            couplings[joint.Middle] = coupling;
            d[joint.Middle - 1] -= Math.Abs(coupling);
            d[joint.Middle] -= Math.Abs(coupling);
            e[joint.Middle - 1] = 0;
        }
        team.Run(
            leaves.Count,
            leaf =>
            {
                fixed (double* z = rows.Data)
                    ImplicitQl.Decompose(d, e, z, n, leaves[leaf].First, leaves[leaf].Last);
            }
        );
        for (int level = levels.Count - 1; level >= 0; level--)
        {
            var joints = levels[level];
            void Join(int i) =>
                RankOneUpdate.Join(team, rows, d, joints[i].First, joints[i].Middle, joints[i].Last, couplings[joints[i].Middle]);
            // Many small joints run beside each other; a few large ones share all threads.
            if (joints.Count >= 4)
                team.Run(joints.Count, Join);
            else
                for (int i = 0; i < joints.Count; i++)
                    Join(i);
        }
        return rows;
    }

    private static void Divide(int first, int last, int depth, List<List<(int, int, int)>> levels, List<(int, int)> leaves)
    {
        if (last - first <= Leaf)
        {
            leaves.Add((first, last));
            return;
        }
        if (levels.Count == depth)
            levels.Add([]);
        int middle = (first + last) / 2;
        levels[depth].Add((first, middle, last));
        Divide(first, middle, depth + 1, levels, leaves);
        Divide(middle, last, depth + 1, levels, leaves);
    }
}
