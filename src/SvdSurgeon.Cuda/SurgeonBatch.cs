using System.Runtime.CompilerServices;
using ILGPU;
using SvdSurgeon.Backends;
using SvdSurgeon.Compression.Surgery;
using SvdSurgeon.Cuda.Memory;
using SvdSurgeon.Kernels;

namespace SvdSurgeon.Cuda;

/// <summary>
/// The closed forms of SVD-Surgeon for many modules in one launch, for pools up to a few hundred values; what cannot be factored goes to
/// <see cref="Surgeon"/>.
/// </summary>
internal sealed class SurgeonBatch(CudaBackend backend) : ISurgeonBatch
{
    /// <summary>Above this a group of threads is slower than cuSOLVER's whole device.</summary>
    public int LargestPool => backend.Limits.LargestSurgeonPool;

    /// <summary>Launches so far, for tests.</summary>
    public int Launches { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<double[]> Saliencies(IReadOnlyList<SurgeonModule> modules, double selectionDamping)
    {
        using var batch = new Batch(backend, modules, system => 2L * system.Pool * system.Pool);
        backend.Kernels.Saliency(
            backend.Stream,
            backend.Launch.Rows(modules.Count),
            batch.Systems,
            batch.Fisher,
            batch.Sigma,
            batch.Scratch,
            batch.Results,
            batch.Status,
            selectionDamping
        );
        Launches++;
        return batch.Read(
            module => module.Fisher.Rows,
            module =>
                Surgeon.Saliencies(
                    backend.LinearAlgebra,
                    module.Sigma,
                    FisherPool.FromMatrix(backend.LinearAlgebra, module.Fisher),
                    selectionDamping
                )
        );
    }

    /// <inheritdoc/>
    public IReadOnlyList<double[]> Compensate(IReadOnlyList<SurgeonModule> modules, double scale, double damping)
    {
        using var batch = new Batch(backend, modules, system => (long)system.Kept * system.Kept + 2L * system.Kept);
        backend.Kernels.Compensate(
            backend.Stream,
            backend.Launch.Rows(modules.Count),
            batch.Systems,
            batch.Fisher,
            batch.Sigma,
            batch.Indices,
            batch.Scratch,
            batch.Results,
            batch.Status,
            damping,
            scale
        );
        Launches++;
        return batch.Read(
            module => module.Kept.Length,
            module =>
                Surgeon.Compensate(
                    backend.LinearAlgebra,
                    module.Sigma,
                    FisherPool.FromMatrix(backend.LinearAlgebra, module.Fisher),
                    module.Kept,
                    new SurgeonOptions { Scale = scale, Damping = damping }
                )
        );
    }

    // The modules' numbers end to end in one block each.
    private sealed class Batch : IDisposable
    {
        private readonly CudaBackend _backend;
        private readonly IReadOnlyList<SurgeonModule> _modules;
        private readonly SurgeonSystem[] _systems;
        private readonly List<DeviceBlock> _blocks = [];
        private readonly int _values;

        public Batch(CudaBackend backend, IReadOnlyList<SurgeonModule> modules, Func<SurgeonSystem, long> scratch)
        {
            (_backend, _modules, _systems) = (backend, modules, new SurgeonSystem[modules.Count]);
            long fisher = 0,
                scratchCount = 0;
            for (int i = 0; i < modules.Count; i++)
            {
                _systems[i] = new SurgeonSystem
                {
                    Pool = modules[i].Fisher.Rows,
                    Kept = modules[i].Kept.Length,
                    Fisher = fisher,
                    Scratch = scratchCount,
                    Values = _values,
                };
                fisher += (long)_systems[i].Pool * _systems[i].Pool;
                scratchCount += scratch(_systems[i]);
                _values += _systems[i].Pool;
            }
            Fisher = Rent<double>(fisher);
            var (sigma, indices) = (new double[_values], new int[_values]);
            for (int i = 0; i < modules.Count; i++)
            {
                var (module, system) = (modules[i], _systems[i]);
                Transfer.Upload(backend.Stream, module.Fisher.Data, Fisher.SubView(system.Fisher, module.Fisher.Data.Length));
                module.Sigma.AsSpan(0, system.Pool).CopyTo(sigma.AsSpan(system.Values));
                module.Kept.CopyTo(indices, system.Values);
                Enumerable.Range(0, system.Pool).Except(module.Kept).ToArray().CopyTo(indices, system.Values + system.Kept);
            }
            Systems = Upload(_systems);
            Sigma = Upload(sigma);
            Indices = Upload(indices);
            Scratch = Rent<double>(scratchCount);
            Results = Rent<double>(_values);
            Status = Rent<int>(modules.Count);
        }

        public ArrayView<SurgeonSystem> Systems { get; }
        public ArrayView<double> Fisher { get; }
        public ArrayView<double> Sigma { get; }
        public ArrayView<int> Indices { get; }
        public ArrayView<double> Scratch { get; }
        public ArrayView<double> Results { get; }
        public ArrayView<int> Status { get; }

        public IReadOnlyList<double[]> Read(Func<SurgeonModule, int> count, Func<SurgeonModule, double[]> otherwise)
        {
            var (values, status) = (new double[_values], new int[_modules.Count]);
            Transfer.Download(_backend.Stream, Results, values.AsSpan());
            Transfer.Download(_backend.Stream, Status, status.AsSpan());
            var results = new double[_modules.Count][];
            for (int i = 0; i < results.Length; i++)
            {
                results[i] = status[i] == 0 ? values.AsSpan(_systems[i].Values, count(_modules[i])).ToArray() : otherwise(_modules[i]);
                foreach (double value in results[i])
                    if (!double.IsFinite(value))
                        throw new NumericalException("A singular value or the spectral Fisher of a module is not finite.");
            }
            return results;
        }

        public void Dispose()
        {
            foreach (var block in _blocks)
                block.Dispose();
        }

        private ArrayView<T> Rent<T>(long count)
            where T : unmanaged
        {
            var block = _backend.Pool.Rent(count * Unsafe.SizeOf<T>());
            _blocks.Add(block);
            return block.As<T>(count);
        }

        private ArrayView<T> Upload<T>(T[] values)
            where T : unmanaged
        {
            var view = Rent<T>(values.Length);
            Transfer.Upload(_backend.Stream, values, view);
            return view;
        }
    }
}
