using ILGPU;
using ILGPU.Runtime;
using SvdSurgeon.Kernels;
using SvdSurgeon.Kernels.Attention;

namespace SvdSurgeon.Cuda;

/// <summary>The kernels, each compiled for the device when it is first used.</summary>
internal sealed class KernelSet(Accelerator accelerator)
{
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, float> Fill =>
        field ??= accelerator.LoadKernel<ArrayView<float>, float>(ElementwiseKernels.Fill);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, float, ArrayView<float>> AddScaled =>
        field ??= accelerator.LoadKernel<ArrayView<float>, float, ArrayView<float>>(ElementwiseKernels.AddScaled);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>> Multiply =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>>(ElementwiseKernels.Multiply);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int> AddBias =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, int>(ElementwiseKernels.AddBias);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int> BroadcastBias =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, int>(ElementwiseKernels.BroadcastBias);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>> Relu =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>>(ElementwiseKernels.Relu);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>> ReluBackward =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>>(ElementwiseKernels.ReluBackward);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>> Gelu =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>>(ElementwiseKernels.Gelu);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>> GeluBackward =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>>(ElementwiseKernels.GeluBackward);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>> GeluTanh =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>>(ElementwiseKernels.GeluTanh);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>> GeluTanhBackward =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>>(ElementwiseKernels.GeluTanhBackward);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, float> SoftCap =>
        field ??= accelerator.LoadKernel<ArrayView<float>, float>(ElementwiseKernels.SoftCap);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, float, ArrayView<float>> SoftCapWithSlope =>
        field ??= accelerator.LoadKernel<ArrayView<float>, float, ArrayView<float>>(ElementwiseKernels.SoftCapWithSlope);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>> SwiGlu =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>>(ElementwiseKernels.SwiGlu);
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>
    > SwiGluBackward =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>(
            ElementwiseKernels.SwiGluBackward
        );

    public Action<AcceleratorStream, KernelConfig, ArrayView<byte>, int, long, ArrayView<int>, ArrayView<float>, int> WidenRows =>
        field ??= accelerator.LoadKernel<ArrayView<byte>, int, long, ArrayView<int>, ArrayView<float>, int>(StorageKernels.WidenRows);
    public Action<AcceleratorStream, KernelConfig, ArrayView<byte>, int, long, int, int, ArrayView<float>, int> AddPositions =>
        field ??= accelerator.LoadKernel<ArrayView<byte>, int, long, int, int, ArrayView<float>, int>(StorageKernels.AddPositions);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<ushort>, int> Narrow =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<ushort>, int>(StorageKernels.Narrow);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, ArrayView<int>, ArrayView<float>, int> GatherColumns =>
        field ??= accelerator.LoadKernel<ArrayView<float>, int, ArrayView<int>, ArrayView<float>, int>(StorageKernels.GatherColumns);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, ArrayView<int>, ArrayView<float>, int, int> ScatterColumns =>
        field ??= accelerator.LoadKernel<ArrayView<float>, int, ArrayView<int>, ArrayView<float>, int, int>(StorageKernels.ScatterColumns);

    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        int,
        float
    > LayerNorm =>
        field ??= accelerator.LoadKernel<
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            int,
            float
        >(NormKernels.LayerNorm);
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        int,
        int
    > LayerNormBackward =>
        field ??= accelerator.LoadKernel<
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            int,
            int
        >(NormKernels.LayerNormBackward);
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        int,
        float
    > RmsNorm =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, float>(
            NormKernels.RmsNorm
        );
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        int,
        int
    > RmsNormBackward =>
        field ??= accelerator.LoadKernel<
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            int,
            int
        >(NormKernels.RmsNormBackward);

    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        int,
        int,
        int,
        int,
        int,
        float
    > Rope =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int, int, int, float>(
            RopeKernels.Rope
        );
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        AttentionSizes
    > Attention =>
        field ??= accelerator.LoadKernel<
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            AttentionSizes
        >(AttentionKernels.Forward);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int> AttentionDelta =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int>(AttentionBackwardKernels.Delta);
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        AttentionSizes
    > AttentionQuery =>
        field ??= accelerator.LoadKernel<
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            AttentionSizes
        >(AttentionBackwardKernels.Query);
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        AttentionSizes
    > AttentionKeyValue =>
        field ??= accelerator.LoadKernel<
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            ArrayView<float>,
            AttentionSizes
        >(AttentionBackwardKernels.KeyValue);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<int>, ArrayView<double>, int, float> CrossEntropy =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<int>, ArrayView<double>, int, float>(HeadKernels.CrossEntropy);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<double>, int> KullbackLeibler =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<double>, int>(HeadKernels.KullbackLeibler);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int> ColumnDot =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int>(StatisticsKernels.ColumnDot);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int, int, int> ColumnSums =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, int, int, int>(StatisticsKernels.ColumnSums);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int, int> AddSplits =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<float>, int, int>(StatisticsKernels.AddSplits);

    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<double>, int, int> Fisher =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<double>, int, int>(RankUpdateKernels.Fisher);
    public Action<AcceleratorStream, KernelConfig, ArrayView<ushort>, int, ArrayView<float>, int, int> GramSingle =>
        field ??= accelerator.LoadKernel<ArrayView<ushort>, int, ArrayView<float>, int, int>(RankUpdateKernels.GramSingle);
    public Action<AcceleratorStream, KernelConfig, ArrayView<ushort>, int, ArrayView<double>, int, int> GramDouble =>
        field ??= accelerator.LoadKernel<ArrayView<ushort>, int, ArrayView<double>, int, int>(RankUpdateKernels.GramDouble);
    public Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<double>, int> AddLowerTriangle =>
        field ??= accelerator.LoadKernel<ArrayView<float>, ArrayView<double>, int>(RankUpdateKernels.AddLowerTriangle);

    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<SurgeonSystem>,
        ArrayView<double>,
        ArrayView<double>,
        ArrayView<double>,
        ArrayView<double>,
        ArrayView<int>,
        double
    > Saliency =>
        field ??= accelerator.LoadKernel<
            ArrayView<SurgeonSystem>,
            ArrayView<double>,
            ArrayView<double>,
            ArrayView<double>,
            ArrayView<double>,
            ArrayView<int>,
            double
        >(SurgeonKernels.Saliency);
    public Action<
        AcceleratorStream,
        KernelConfig,
        ArrayView<SurgeonSystem>,
        ArrayView<double>,
        ArrayView<double>,
        ArrayView<int>,
        ArrayView<double>,
        ArrayView<double>,
        ArrayView<int>,
        double,
        double
    > Compensate =>
        field ??= accelerator.LoadKernel<
            ArrayView<SurgeonSystem>,
            ArrayView<double>,
            ArrayView<double>,
            ArrayView<int>,
            ArrayView<double>,
            ArrayView<double>,
            ArrayView<int>,
            double,
            double
        >(SurgeonKernels.Compensate);
}
