# SPDX-License-Identifier: MIT
"""Compressed models of SvdSurgeon in Hugging Face transformers.

This file lies in every folder that svdsurgeon writes with factors in it, and is the same in each of them. Nothing but torch and transformers is needed:

    AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)

generate, save_pretrained, dtype, device_map, gradient checkpointing and training work as they do for the family that the model belongs to, because the classes
below are that family's own; only linear modules are replaced, before any weight is read. config.json says by what, under svdsurgeon.modules:

    "model.layers.0.self_attn.q_proj": {"kind": "low_rank", "rank": 40, "bias": false}

kind        tensors                                      weight, m x n
low_rank    A [m, r], B [r, n]                           A B
columns     A [m, r], B [r, n - c], C [m, c],            the columns that "columns" names are C,
            columns [c], ascending                       the others, in order, A B
pivoted     basis [r, n], mix [m - r, r],                the rows that "pivots" names are basis,
            pivots [r], ascending                        the others, in order, mix basis
"""

import torch
import torch.nn.functional as F
import transformers
from torch import nn

# A family is one line: the word that its classes in transformers begin with.
FAMILIES = ("Gemma2", "Gemma3", "GPTNeoX", "Granite", "Llama", "Mistral", "Olmo2", "OPT", "Phi3", "Qwen2", "Qwen3", "SmolLM3", "StableLm")

# Families whose configuration and model without a head are called otherwise.
TEXT_PARTS = {"Gemma3": "Gemma3Text"}


class LowRank(nn.Module):
    """y = A (B x) + bias."""

    def __init__(self, outputs, inputs, rank, bias):
        super().__init__()
        self.A = _weight(outputs, rank)
        self.B = _weight(rank, inputs)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x):
        return F.linear(F.linear(x, self.B), self.A, self.bias)


class Indexed(nn.Module):
    """A module with some of its inputs or outputs named by ascending indices, a buffer of int32.

    What follows from the indices is made at the first call and kept until they are others: they arrive after the module was built, and move with it.
    """

    def __init__(self):
        super().__init__()
        self._derived_from, self._derived = None, None
        self.register_load_state_dict_post_hook(Indexed._forget)

    def _forget(self, _):
        self._derived_from = None

    def _of(self, indices, derive):
        if self._derived_from is not indices:
            self._derived_from, self._derived = indices, derive(indices.long())
        return self._derived


class Columns(Indexed):
    """y = A (B x[others]) + C x[columns] + bias."""

    def __init__(self, outputs, inputs, rank, columns, bias):
        super().__init__()
        self.inputs = inputs
        self.A = _weight(outputs, rank)
        self.B = _weight(rank, inputs - columns)
        self.C = _weight(outputs, columns)
        self.register_buffer("columns", torch.arange(columns, dtype=torch.int32))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x):
        columns, others = self._of(self.columns, lambda c: (c, _complement(c, self.inputs)))
        kept = F.linear(x.index_select(-1, columns), self.C, self.bias)
        return kept + F.linear(F.linear(x.index_select(-1, others), self.B), self.A)


class Pivoted(Indexed):
    """y[pivots] = z, y[others] = mix z with z = basis x; plus bias."""

    def __init__(self, outputs, inputs, rank, bias):
        super().__init__()
        self.outputs = outputs
        self.basis = _weight(rank, inputs)
        self.mix = _weight(outputs - rank, rank)
        self.register_buffer("pivots", torch.arange(rank, dtype=torch.int32))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x):
        # One gather puts the rows in order: that of row i is where i stands among pivots and others.
        order = self._of(self.pivots, lambda p: torch.argsort(torch.cat((p, _complement(p, self.outputs)))))
        z = F.linear(x, self.basis)
        y = torch.cat((z, F.linear(z, self.mix)), -1).index_select(-1, order)
        return y if self.bias is None else y + self.bias


def _weight(rows, columns):
    weight = nn.Parameter(torch.empty(rows, columns))
    if weight.numel() > 0:
        nn.init.normal_(weight, std=0.02)
    return weight


def _complement(indices, size):
    others = torch.ones(size, dtype=torch.bool, device=indices.device)
    others[indices] = False
    return others.nonzero().squeeze(-1)


def surgery(model, config):
    """Puts the modules that config.svdsurgeon describes in the places of the linear ones; their weights are read afterwards."""
    for name, shape in config.svdsurgeon["modules"].items():
        parent, leaf = name.rsplit(".", 1)
        # The bare model is what the one with a head calls by this name.
        prefix = model.base_model_prefix
        if not hasattr(model, prefix) and parent.startswith(prefix + "."):
            parent = parent[len(prefix) + 1 :]
        parent = model.get_submodule(parent)
        old = getattr(parent, leaf)
        outputs, inputs = old.weight.shape
        bias = shape.get("bias", old.bias is not None)
        if shape["kind"] == "low_rank":
            new = LowRank(outputs, inputs, shape["rank"], bias)
        elif shape["kind"] == "columns":
            new = Columns(outputs, inputs, shape["rank"], shape["columns"], bias)
        elif shape["kind"] == "pivoted":
            new = Pivoted(outputs, inputs, shape["rank"], bias)
        else:
            raise ValueError(f"{name} is stored as {shape['kind']!r}, which this file does not know: take that of a newer SvdSurgeon.")
        setattr(parent, leaf, new)


def make(family):
    """Configuration, model with head and bare model of a family, made of transformers' own three classes."""
    part = TEXT_PARTS.get(family, family)
    Config, CausalLM, Model = (getattr(transformers, name) for name in (part + "Config", family + "ForCausalLM", part + "Model"))
    config = type(f"SvdSurgeon{family}Config", (Config,), {"model_type": f"svdsurgeon_{Config.model_type}"})

    def operated(base, suffix):
        def __init__(self, config, *args, **kwargs):
            base.__init__(self, config, *args, **kwargs)
            surgery(self, config)

        return type(f"SvdSurgeon{family}{suffix}", (base,), {"config_class": config, "__init__": __init__})

    return config, operated(CausalLM, "ForCausalLM"), operated(Model, "Model")


# config.json names the classes; older versions of transformers lack some families.
for _family in FAMILIES:
    if hasattr(transformers, _family + "ForCausalLM"):
        globals().update({made.__name__: made for made in make(_family)})
