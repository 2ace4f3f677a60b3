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
# What a layer of a checkpoint without the attribute `pytorch` (written before it was there) is made of: classes of
# torch.nn by the names that nntrain has for them.
CLASSES = {name.lower(): name for name in dir(torch.nn)}
NORMALIZATIONS = {"layer": "LayerNorm", "batch": "BatchNorm1d"}


def checkpoint_of(path):
    """A file, or a run directory: its best.h5, else last.h5."""
    if not os.path.isdir(path):
        return path
    best = os.path.join(path, "best.h5")
    return best if os.path.exists(best) else os.path.join(path, "last.h5")


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def classes_of(layer):
    """The names in torch.nn of the modules of a layer: Linear, a normalisation, the activation."""
    if "pytorch" in layer.attrs:
        return [text_of(name) for name in layer.attrs["pytorch"]]
    norm = [NORMALIZATIONS[text_of(layer.attrs["normalization"])]] if "normalization" in layer.attrs else []
    return ["Linear", *norm, CLASSES[text_of(layer.attrs["activation"]).replace("-", "")]]


def build(file):
    """The modules of an open checkpoint, and (index, HDF5 group, tensor prefix) of each."""
    modules, places = [], []
    layers = file["model/layers"]
    for i in range(len(layers)):
        layer = layers[str(i)]
        outputs, inputs = layer["weight"].shape
        linear, *norms, activation = classes_of(layer)
        modules.append(getattr(torch.nn, linear)(inputs, outputs))
        places.append((len(modules) - 1, layer.name, ""))
        for norm in norms:
            modules.append(getattr(torch.nn, norm)(outputs))
            places.append((len(modules) - 1, layer.name, "norm_"))
        if activation != "Identity":
            modules.append(getattr(torch.nn, activation)())
    return torch.nn.Sequential(*modules), places


def tensors(module, prefix):
    """(tensor, dataset name) for all stored tensors of a module; running statistics have no prefix."""
    parameters = [(tensor, prefix + name) for name, tensor in module.named_parameters()]
    return parameters + [(tensor, name) for name, tensor in module.named_buffers() if name != "num_batches_tracked"]


def load(path):
    """The model with its weights, in eval mode, and the shift and scale of its inputs."""
    with h5py.File(checkpoint_of(path), "r") as file:
        model, places = build(file)
        with torch.no_grad():
            for index, group, prefix in places:
                for tensor, name in tensors(model[index], prefix):
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
        for index, group, prefix in places:
            for tensor, name in tensors(model[index], prefix):
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
