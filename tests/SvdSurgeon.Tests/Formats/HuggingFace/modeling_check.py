"""Runs folders with factors through modeling_svdsurgeon.py in plain PyTorch and prints how far the logits are from those given.

transformers cannot be had here: its three LLaMA and OPT classes are written down below, under their parameter names, as far as a forward pass needs them.
Arguments: folders with config.json, model.safetensors, modeling_svdsurgeon.py, ids.i32 and logits.f32.
"""

import copy
import importlib.util
import json
import struct
import sys
import types

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Config:
    def __init__(self, values):
        self.__dict__.update(values)


class LlamaConfig(Config):
    model_type = "llama"


class OPTConfig(Config):
    model_type = "opt"


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(size)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def attention(q, k, v):
    length, width = q.shape[1], q.shape[-1]
    scores = q @ k.transpose(-1, -2) / width**0.5
    scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool).triu(1), float("-inf"))
    return (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)


class LlamaLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, m, d, b = c.hidden_size, c.intermediate_size, c.head_dim, getattr(c, "attention_bias", False)
        self.c = c
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(h, c.rms_norm_eps), RMSNorm(h, c.rms_norm_eps)
        self.self_attn, self.mlp = nn.Module(), nn.Module()
        self.self_attn.q_proj = nn.Linear(h, c.num_attention_heads * d, bias=b)
        self.self_attn.k_proj = nn.Linear(h, c.num_key_value_heads * d, bias=b)
        self.self_attn.v_proj = nn.Linear(h, c.num_key_value_heads * d, bias=b)
        self.self_attn.o_proj = nn.Linear(c.num_attention_heads * d, h, bias=b)
        self.mlp.gate_proj, self.mlp.up_proj = nn.Linear(h, m, bias=False), nn.Linear(h, m, bias=False)
        self.mlp.down_proj = nn.Linear(m, h, bias=False)

    def forward(self, x):
        c, a = self.c, self.self_attn
        y, length, d = self.input_layernorm(x), x.shape[0], c.head_dim
        heads = lambda z: z.view(length, -1, d).transpose(0, 1)
        angle = torch.outer(torch.arange(length).float(), c.theta ** (-torch.arange(0, d, 2).float() / d))
        cos, sin = torch.cat((angle, angle), -1).cos().to(x.dtype), torch.cat((angle, angle), -1).sin().to(x.dtype)
        turn = lambda z: z * cos + torch.cat((-z[..., d // 2 :], z[..., : d // 2]), -1) * sin
        group = c.num_attention_heads // c.num_key_value_heads
        k, v = turn(heads(a.k_proj(y))).repeat_interleave(group, 0), heads(a.v_proj(y)).repeat_interleave(group, 0)
        x = x + a.o_proj(attention(turn(heads(a.q_proj(y))), k, v))
        y = self.post_attention_layernorm(x)
        return x + self.mlp.down_proj(F.silu(self.mlp.gate_proj(y)) * self.mlp.up_proj(y))


class LlamaModel(nn.Module):
    base_model_prefix = "model"

    def __init__(self, c):
        super().__init__()
        self.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.layers = nn.ModuleList(LlamaLayer(c) for _ in range(c.num_hidden_layers))
        self.norm = RMSNorm(c.hidden_size, c.rms_norm_eps)

    def forward(self, ids):
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class LlamaForCausalLM(nn.Module):
    base_model_prefix = "model"

    def __init__(self, c):
        super().__init__()
        self.model = LlamaModel(c)

    def forward(self, ids):
        return F.linear(self.model(ids), self.model.embed_tokens.weight)


class OPTLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        h = c.hidden_size
        self.heads = c.num_attention_heads
        self.self_attn_layer_norm, self.final_layer_norm = nn.LayerNorm(h), nn.LayerNorm(h)
        self.self_attn = nn.Module()
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self.self_attn, name, nn.Linear(h, h))
        self.fc1, self.fc2 = nn.Linear(h, c.ffn_dim), nn.Linear(c.ffn_dim, h)

    def forward(self, x):
        a, y = self.self_attn, self.self_attn_layer_norm(x)
        heads = lambda z: z.view(x.shape[0], self.heads, -1).transpose(0, 1)
        x = x + a.out_proj(attention(heads(a.q_proj(y)), heads(a.k_proj(y)), heads(a.v_proj(y))))
        return x + self.fc2(F.relu(self.fc1(self.final_layer_norm(x))))


class OPTModel(nn.Module):
    base_model_prefix = "model"

    def __init__(self, c):
        super().__init__()
        self.decoder = nn.Module()
        self.decoder.embed_tokens = nn.Embedding(c.vocab_size, c.hidden_size)
        self.decoder.embed_positions = nn.Embedding(c.max_position_embeddings + 2, c.hidden_size)
        self.decoder.layers = nn.ModuleList(OPTLayer(c) for _ in range(c.num_hidden_layers))
        self.decoder.final_layer_norm = nn.LayerNorm(c.hidden_size)

    def forward(self, ids):
        d = self.decoder
        x = d.embed_tokens(ids) + d.embed_positions(torch.arange(len(ids)) + 2)
        for layer in d.layers:
            x = layer(x)
        return d.final_layer_norm(x)


class OPTForCausalLM(nn.Module):
    base_model_prefix = "model"

    def __init__(self, c):
        super().__init__()
        self.model = OPTModel(c)

    def forward(self, ids):
        return F.linear(self.model(ids), self.model.decoder.embed_tokens.weight)


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    kinds = {"F32": np.float32, "F16": np.float16, "I32": np.int32}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = torch.from_numpy(np.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"]).copy())
    return tensors


def load(folder, entry):
    config = json.load(open(f"{folder}/config.json"))
    spec = importlib.util.spec_from_file_location("modeling_svdsurgeon", f"{folder}/modeling_svdsurgeon.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    names = {key: value.split(".") for key, value in config["auto_map"].items()}
    assert all(file == "modeling_svdsurgeon" for file, _ in names.values()), names
    classes = {key: getattr(module, name) for key, (_, name) in names.items()}
    assert config["architectures"] == [classes["AutoModelForCausalLM"].__name__]
    assert config["model_type"] == classes["AutoConfig"].model_type
    values = classes["AutoConfig"](config)
    values.theta = (config.get("rope_parameters") or {}).get("rope_theta", config.get("rope_theta", 10000.0))
    if not hasattr(values, "head_dim") and config["model_type"].endswith("llama"):
        values.head_dim = config["hidden_size"] // config["num_attention_heads"]
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in read(f"{folder}/model.safetensors").items()}
    if entry == "AutoModel":
        tensors = {name[len("model.") :]: t for name, t in tensors.items()}
    model = classes[entry](values)
    model.load_state_dict(tensors, strict=True)
    return model


def check(folder):
    ids = torch.from_numpy(np.fromfile(f"{folder}/ids.i32", np.int32)).long()
    expected = torch.from_numpy(np.fromfile(f"{folder}/logits.f32", np.float32)).view(len(ids), -1)
    model = load(folder, "AutoModelForCausalLM")
    logits = model(ids)
    far = lambda other: (other - expected).abs().max().item()
    # The model without a head has the same modules under shorter names.
    bare = load(folder, "AutoModel")
    head = next(p for name, p in bare.named_parameters() if name.endswith("embed_tokens.weight"))
    # Indices that arrive after a first call count at the next one.
    blank = copy.deepcopy(model)
    for buffer in blank.buffers():
        if buffer.dtype == torch.int32:
            buffer.copy_(torch.arange(len(buffer)))
    kinds = {type(m).__name__ for m in model.modules()} & {"LowRank", "Columns", "Pivoted"}
    blank(ids)
    blank.load_state_dict(model.state_dict(), strict=True)
    logits.sum().backward()
    gradients = [p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.numel() > 0]
    return {
        "kinds": sorted(kinds),
        "logits": far(logits),
        "bare": far(F.linear(bare(ids), head)),
        "reloaded": far(blank(ids)),
        "bfloat16": far(copy.deepcopy(model).to(torch.bfloat16)(ids).float()),
        "gradients": sum(gradients),
        "parameters": len(gradients),
        "spread": expected.abs().max().item(),
    }


transformers = types.ModuleType("transformers")
for _class in (LlamaConfig, LlamaModel, LlamaForCausalLM, OPTConfig, OPTModel, OPTForCausalLM):
    setattr(transformers, _class.__name__, _class)
sys.modules["transformers"] = transformers
print(json.dumps([check(folder) for folder in sys.argv[1:]]))
