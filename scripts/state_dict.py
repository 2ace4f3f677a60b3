#!/usr/bin/env python3
"""Converts checkpoints of nntrain to a PyTorch state_dict and back; needs h5py and torch.

  state_dict.py to-torch RUN_OR_CHECKPOINT MODEL.pt
      writes the state_dict of torch.nn.Sequential(Linear, activation, Linear, ...), with
      normalisation as LayerNorm or BatchNorm1d, as `build` below creates it from the checkpoint. The
      last layer outputs logits or values. Inputs must be normalised as in the checkpoint: the file
      also contains `input_shift` and `input_scale`, x -> (x - shift) * scale.

  state_dict.py from-torch MODEL.pt RUN_OR_CHECKPOINT OUTPUT.h5
      writes a copy of the checkpoint with the weights of such a state_dict, for `nntrain eval`,
      `predict`, `export` and `train --init-from`.

As a module: `model, shift, scale = load("run")`.
"""
import hashlib
import os
import sys

import h5py
import numpy as np
import torch

USER_BLOCK = 512
ACTIVATIONS = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU,
               "leaky-relu": torch.nn.LeakyReLU, "gelu": torch.nn.GELU, "silu": torch.nn.SiLU,
               "identity": torch.nn.Identity}


def checkpoint_of(path):
    """A file, or a run directory: its best.h5, else last.h5."""
    if not os.path.isdir(path):
        return path
    best = os.path.join(path, "best.h5")
    return best if os.path.exists(best) else os.path.join(path, "last.h5")


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def build(file):
    """The modules of an open checkpoint, and (index, HDF5 group, names) of those with parameters."""
    modules, places = [], []
    layers = file["model/layers"]
    for i in range(len(layers)):
        layer = layers[str(i)]
        outputs, inputs = layer["weight"].shape
        modules.append(torch.nn.Linear(inputs, outputs))
        places.append((len(modules) - 1, layer.name, "weight", "bias"))
        if "norm_weight" in layer:
            batch = text_of(layer.attrs["normalization"]) == "batch"
            modules.append((torch.nn.BatchNorm1d if batch else torch.nn.LayerNorm)(outputs))
            places.append((len(modules) - 1, layer.name, "norm_weight", "norm_bias"))
        activation = text_of(layer.attrs["activation"])
        if activation != "identity":
            modules.append(ACTIVATIONS[activation]())
    return torch.nn.Sequential(*modules), places


def tensors(module, names):
    """(tensor, dataset name) for all tensors of a module that are stored in the file."""
    pairs = [(module.weight, names[0]), (module.bias, names[1])]
    if isinstance(module, torch.nn.BatchNorm1d):
        pairs += [(module.running_mean, "running_mean"), (module.running_var, "running_var")]
    return pairs


def load(path):
    """The model with its weights, in eval mode, and the shift and scale of its inputs."""
    with h5py.File(checkpoint_of(path), "r") as file:
        model, places = build(file)
        with torch.no_grad():
            for index, group, *names in places:
                for tensor, name in tensors(model[index], names):
                    tensor.copy_(torch.from_numpy(file[group][name][()]))
        shift = torch.from_numpy(file["model/input_shift"][()])
        scale = torch.from_numpy(file["model/input_scale"][()])
    return model.eval(), shift, scale


def to_torch(checkpoint, output):
    model, shift, scale = load(checkpoint)
    torch.save({"state_dict": model.state_dict(), "input_shift": shift, "input_scale": scale},
               output)


def sign(path):
    """Writes length and checksum into the user block, as nntrain verifies them."""
    with open(path, "r+b") as file:
        content = file.read()
        version = int(content.split(b"\n", 1)[0].split()[1])
        lines = f"nntrain-checkpoint {version}\nbytes {len(content)}\n".encode()
        digest = hashlib.sha256((lines if version >= 4 else b"") + content[USER_BLOCK:])
        file.seek(0)
        file.write((lines + f"sha256 {digest.hexdigest()}\n".encode()).ljust(USER_BLOCK, b"\0"))


def from_torch(source, checkpoint, output):
    saved = torch.load(source, map_location="cpu", weights_only=True)
    state = saved.get("state_dict", saved)
    with open(checkpoint_of(checkpoint), "rb") as original, open(output, "wb") as copy:
        copy.write(original.read())
    with h5py.File(output, "r+") as file:
        model, places = build(file)
        model.load_state_dict(state)
        for index, group, *names in places:
            for tensor, name in tensors(model[index], names):
                file[group][name][...] = tensor.detach().numpy().astype(np.float32)
        if "optimizer" in file:
            for slot in [name for name in file["optimizer"]]:
                del file["optimizer"][slot]
    sign(output)


def main():
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "to-torch":
        to_torch(*words[1:])
    elif len(words) == 4 and words[0] == "from-torch":
        from_torch(*words[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
