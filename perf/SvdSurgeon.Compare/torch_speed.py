"""The peer's side of perf/SvdSurgeon.Compare where reference.py has no verb of its own: versions, and the time of a gradient pass alone.

  torch_speed.py versions
  torch_speed.py gradients REFERENCE.py MODEL IDS.npy --sequences 16 --threads 2
Prints one JSON object a line. "weights": loss.backward() with respect to the weights of all linear modules, as reference.py's fishers does it;
"activations": the same loss, gradients of activations alone, down to the embeddings' output.
"""
import argparse, ctypes, importlib.util, json, platform, time
import numpy as np
import torch


def say(**values):
    print(json.dumps(values), flush=True)


def blas():
    """The BLAS libraries that this process has loaded, with the kernels that OpenBLAS chose."""
    torch.ones(64, 64) @ torch.ones(64, 64)
    with open("/proc/self/maps") as maps:
        paths = sorted({line.split(maxsplit=5)[5].strip() for line in maps if "blas" in line or "mkl" in line})
    cores = set()
    for path in paths:
        try:
            name = ctypes.CDLL(path).openblas_get_corename
        except (AttributeError, OSError):
            continue
        name.restype = ctypes.c_char_p
        cores.add(name().decode())
    return dict(blas=[path.rsplit("/", 1)[-1] for path in paths], core=", ".join(sorted(cores)))


def reference(path):
    spec = importlib.util.spec_from_file_location("reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def time_of(peer, model, rows):
    """Seconds of forward and backward over the rows, the first of them done once before."""
    for count, ids in ((1, rows[:1]), (len(rows), rows)):
        start = time.perf_counter()
        for row in ids:
            peer.sequence_loss(model, torch.from_numpy(row.astype(np.int64))[None]).backward()
            for name in model.linears:
                model.w[name + ".weight"].grad = None
        seconds = time.perf_counter() - start
    return seconds


def gradients(a):
    torch.set_num_threads(a.threads)
    peer = reference(a.reference)
    model = peer.load(a.model)
    rows = np.load(a.ids)[:a.sequences]
    embedding = peer.F.embedding
    peer.F.embedding = lambda ids, weight: embedding(ids, weight).requires_grad_(True)
    say(what="activations", tokens=int(rows.size), seconds=time_of(peer, model, rows))
    peer.F.embedding = embedding
    for name in model.linears:
        model.w[name + ".weight"].requires_grad_(True)
    say(what="weights", tokens=int(rows.size), seconds=time_of(peer, model, rows))


parser = argparse.ArgumentParser()
verbs = parser.add_subparsers(dest="verb", required=True)
verbs.add_parser("versions")
timed = verbs.add_parser("gradients")
timed.add_argument("reference")
timed.add_argument("model")
timed.add_argument("ids")
timed.add_argument("--sequences", type=int, default=16)
timed.add_argument("--threads", type=int, default=1)
arguments = parser.parse_args()
if arguments.verb == "versions":
    say(python=platform.python_version(), torch=torch.__version__, numpy=np.__version__, **blas())
else:
    gradients(arguments)
