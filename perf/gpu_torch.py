"""The plain PyTorch operations at the shapes of `svdsurgeon-gpu kernels`, for its table's right-hand side."""
import torch
import torch.nn.functional as F

T, N, M, H, V = 2048, 4096, 11008, 32, 32000
torch.manual_seed(0)
print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}\n")
print("| what | shape | ms | GB/s | TFLOP/s |\n| --- | --- | --- | --- | --- |")


def run(name, shape, nbytes, flops, f):
    for _ in range(3):
        f()
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(50):
        f()
    end.record()
    torch.cuda.synchronize()
    s = start.elapsed_time(end) / 50e3
    print(f"| {name} | {shape} | {s * 1e3:.4f} | {nbytes / s / 1e9:.0f} | {flops / s / 1e12:.2f} |")


def rand(*shape, **kw):
    return torch.randn(*shape, device="cuda", **kw)


x, y = rand(T, M), rand(T, M)
n = x.numel()
run("residual", f"{T} x {M}", 12 * n, 2 * n, lambda: y.add_(x, alpha=1e-6))
run("relu", f"{T} x {M}", 8 * n, 0, lambda: F.relu(x))
run("gelu", f"{T} x {M}", 8 * n, 60 * n, lambda: F.gelu(x))
run("silu(g) * u", f"{T} x {M}", 12 * n, 20 * n, lambda: F.silu(x) * y)
h, w = rand(T, N), rand(N)
run("layer norm", f"{T} x {N}", 8 * h.numel(), 8 * h.numel(), lambda: F.layer_norm(h, (N,), w, w))
run("rms norm", f"{T} x {N}", 8 * h.numel(), 4 * h.numel(), lambda: h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + 1e-5) * w)
q, k, v = (rand(2, H, T, N // H, requires_grad=True) for _ in range(3))
pairs = 2 * H * T * (T + 1) / 2
run("attention", f"2 x {T}, {H} heads, causal", 0, 4 * pairs * N // H, lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True).detach())
out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
g = torch.randn_like(out)
run("attention backward", f"2 x {T}, {H} heads, causal", 0, 14 * pairs * N // H, lambda: torch.autograd.grad(out, (q, k, v), g, retain_graph=True))
z, labels = rand(T, V), torch.randint(0, V, (T,), device="cuda")
run("cross entropy", f"{T} x {V}", 4 * z.numel(), 0, lambda: F.cross_entropy(z, labels, reduction="none"))
p, u = rand(4 * T, 2048), rand(4 * T, 2048)
run("column dot", f"4 x {T} x 2048", 8 * p.numel(), 2 * p.numel(), lambda: (p * u).view(4, T, -1).sum(1))
a = rand(4 * T, N)
run("gram", f"{4 * T} x {N}", 0, 2 * a.numel() * N, lambda: a.t() @ a)
for name, kind, tf32 in (("float32", torch.float32, False), ("tf32", torch.float32, True), ("bf16", torch.bfloat16, False)):
    torch.backends.cuda.matmul.allow_tf32 = tf32
    b, c = rand(T, N).to(kind), rand(M, N).to(kind)
    run(f"linear, {name}", f"{T} x {N} x {M}", 0, 2 * T * N * M, lambda: b @ c.t())
