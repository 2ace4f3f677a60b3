#!/usr/bin/env python3
"""Makes golden.h5: what PyTorch gets where nntrain starts from the same weights and takes the same
samples in the same order. Needs torch, numpy and h5py.

  make_golden.py [FILE]    default: golden.h5 beside this script

Each case is a data set, the options of `nntrain train`, and the weights, biases, mean losses and
learning rates by epoch that 20 updates of torch give in float64. The attribute `float32_distance` is how
far PyTorch itself is from them in float32. Initial weights and sample order are made here from
their published definitions, not by calling nntrain:

  random numbers  Philox4x32-10 (Salmon et al., SC 2011): key = seed; counter = index (64 bits),
                  stream, purpose (1 initial weights, 2 sample order, ...)
  uniform         the upper 24 bits of the first word / 2^24
  normal          Box and Muller of the first two words
  dropout         purpose 4, stream = update; src/kernels/noise.h
  sample order    an 8-round Feistel network with the finaliser of MurmurHash3, on the next power
                  of two (at least 4), applied again until the result is a sample's index
"""
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import torch

UPDATES = 20
INITIAL_WEIGHTS, SAMPLE_ORDER, DROPOUT, AUGMENTATION, MIXUP = 1, 2, 4, 5, 6

# --- random numbers -----------------------------------------------------------------------------


def philox(counter, key):
    """Philox4x32-10; counter [n, 4] and key [2] of 32-bit words; returns [n, 4]."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [np.asarray(counter, dtype=np.uint64)[:, i] for i in range(4)]
    k = [int(key[0]), int(key[1])]
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c[0]
        p1 = np.uint64(0xCD9E8D57) * c[2]
        c = [
            (p1 >> shift) ^ c[1] ^ np.uint64(k[0]),
            p1 & mask,
            (p0 >> shift) ^ c[3] ^ np.uint64(k[1]),
            p0 & mask,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, axis=1)


def check_philox():
    """The known answers that come with the authors' Random123 library."""
    ones = 0xFFFFFFFF
    for counter, key, answer in (
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ones,) * 4, (ones,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ):
        assert tuple(philox(np.array([counter]), key)[0]) == answer


def words(seed, purpose, stream, count):
    """Four words for each of the indices 0 ... count - 1."""
    index = np.arange(count, dtype=np.uint64)
    counter = np.zeros((count, 4), dtype=np.uint64)
    counter[:, 0], counter[:, 1] = index & np.uint64(0xFFFFFFFF), index >> np.uint64(32)
    counter[:, 2], counter[:, 3] = stream, purpose
    return philox(counter, (seed & 0xFFFFFFFF, seed >> 32))


def element_bits(seed, purpose, update, base, rows, units):
    """16 bits for each element of a matrix."""
    panels = -(-units // 32)
    row, panel, block = np.meshgrid(np.arange(rows), np.arange(panels), np.arange(4), indexing="ij")
    index = base + ((row << 21) + panel * 4 + block).ravel().astype(np.uint64)
    counter = np.zeros((index.size, 4), dtype=np.uint64)
    counter[:, 0], counter[:, 1] = index & np.uint64(0xFFFFFFFF), index >> np.uint64(32)
    counter[:, 2], counter[:, 3] = update, purpose
    word = philox(counter, (seed & 0xFFFFFFFF, seed >> 32)).reshape(rows, panels, 4, 4)
    halves = np.stack([word & np.uint64(0xFFFF), word >> np.uint64(16)], axis=-1)
    # block, word, half -> words 0 and 1 of all blocks, then words 2 and 3
    bits = np.concatenate([halves[:, :, :, :2].reshape(rows, panels, 16),
                           halves[:, :, :, 2:].reshape(rows, panels, 16)], axis=2)
    return bits.reshape(rows, panels * 32)[:, :units]


def dropout_mask(seed, update, layer, p, rows, units):
    """[rows, units]: 0, or what stays is multiplied by."""
    threshold = round(p * 65536)
    bits = element_bits(seed, DROPOUT, update, np.uint64(layer << 52), rows, units)
    return (bits >= threshold) * (65536 / (65536 - threshold))


def normal_noise(seed, update, rows, units):
    bits = element_bits(seed, AUGMENTATION, update, np.uint64(2**63), rows, units)
    return math.sqrt(2) * torch.erfinv(torch.from_numpy((2.0 * bits + 1) / 2**16 - 1)).numpy()


def augmented(case, update, rows):
    """The images of a batch, changed; src/net/augment.c has the order of the draws."""
    def draw(position, which):
        counter = np.array([[position * 11 + which, 0, update, AUGMENTATION]], dtype=np.uint64)
        return [int(w) for w in philox(counter, (case.seed & 0xFFFFFFFF, case.seed >> 32))[0]]

    shift, height, width = case.more.get("shift", 0), *case.image
    images = []
    for position, row in enumerate(rows):
        word = draw(position, 0)
        down, right = (w * (2 * shift + 1) // 2**32 - shift for w in word[:2])
        image = np.pad(case.x[row].reshape(case.image), shift)
        image = image[shift - down:][:height, shift - right:][:, :width].copy()
        if "flip" in case.more and word[2] >> 31:
            image = image[:, ::-1].copy()
        tries = 10 if word[3] / 2**32 < case.more.get("erase", 0) else 0
        for number in range(tries):
            word = draw(position, 1 + number)
            area = (0.02 + word[0] / 2**32 * 0.31) * height * width
            aspect = 3.3 ** (2 * word[1] / 2**32 - 1)
            rows_, columns = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if rows_ < height and columns < width:
                top = word[2] * (height - rows_ + 1) // 2**32
                left = word[3] * (width - columns + 1) // 2**32
                image[top : top + rows_, left : left + columns] = 0
                break
        images.append(image.ravel())
    return np.array(images)


def mixup_share(case, update):
    """The own share of an update; src/net/mixup.c has the order of the draws."""
    alpha, logs = case.more["mixup"], []
    d = alpha + 1.0 - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    for stream in range(2):
        drawn = words(case.seed, MIXUP, update, 128)[stream::2].astype(np.float64)
        for word in drawn:
            u = (word + 1.0) / 2.0**32
            x = math.sqrt(-2.0 * math.log(u[0])) * math.cos(2.0 * math.pi * word[1] / 2.0**32)
            v = (1.0 + c * x) ** 3
            if v > 0 and math.log(u[2]) < 0.5 * x * x + d - d * v + d * math.log(v):
                logs.append(math.log(d * v) + math.log(u[3]) / alpha)
                break
    return float(np.float32(1.0 / (1.0 + math.exp(logs[1] - logs[0]))))


def batch_loss(case, loss, outputs, y, update):
    """Of mixed samples: both classes' losses, or that of the mixed targets."""
    if "mixup" not in case.more:
        return loss(outputs, y)
    share = mixup_share(case, update)
    if y.dtype == torch.int64:
        return share * loss(outputs, y) + (1.0 - share) * loss(outputs, y.flip(0))
    return loss(outputs, share * y + (1.0 - share) * y.flip(0))


def inputs_of(case, x, update, rows):
    """What the first layer sees of a batch; x are the normalised samples."""
    found = x[rows].numpy()
    if case.image:
        found = augmented(case, update, rows) / 255.0
    if "mixup" in case.more:
        share = mixup_share(case, update)
        found = share * found + (1.0 - share) * found[::-1]
    if "noise" in case.more:
        found = found + case.more["noise"] * normal_noise(case.seed, update, *found.shape)
    return torch.from_numpy(np.asarray(found)).to(x.dtype)


def uniform(seed, stream, count):
    """In [-1, 1)."""
    first = words(seed, INITIAL_WEIGHTS, stream, count)[:, 0]
    return 2.0 * ((first >> np.uint64(8)) / 2.0**24) - 1.0


def normal(seed, stream, count):
    """Mean 0, standard deviation 1, rounded to float32."""
    block = words(seed, INITIAL_WEIGHTS, stream, count).astype(np.float64)
    radius, angle = (block[:, 0] + 1.0) / 2.0**32, block[:, 1] / 2.0**32
    return (np.sqrt(-2.0 * np.log(radius)) * np.cos(2.0 * np.pi * angle)).astype(np.float32)


def sample_order(count, seed, epoch):
    """The permutation of the samples in an epoch, counted from 0."""
    bits = max(2, (count - 1).bit_length())
    right_bits = bits // 2
    left_mask, right_mask = (1 << (bits - right_bits)) - 1, (1 << right_bits) - 1
    keys = [int(w[0]) << 32 | int(w[1]) | 1 for w in words(seed, SAMPLE_ORDER, epoch, 8)]

    def mix(half, key):
        x = (half + 1) * key % 2**64
        x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD % 2**64
        x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 % 2**64
        return x ^ x >> 33

    def permute(value):
        left, right = value >> right_bits, value & right_mask
        for i in range(0, 8, 2):
            left ^= mix(right, keys[i]) & left_mask
            right ^= mix(left, keys[i + 1]) & right_mask
        return left << right_bits | right

    order = []
    for position in range(count):
        value = permute(position)
        while value >= count:
            value = permute(value)
        order.append(value)
    assert sorted(order) == list(range(count))
    return order


# --- the model ----------------------------------------------------------------------------------

ACTIVATIONS = {
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "leaky-relu": torch.nn.LeakyReLU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "identity": torch.nn.Identity,
}
RECTIFIERS = ("relu", "leaky-relu", "gelu", "silu")


@dataclass
class Case:
    """One run of nntrain train; `targets` is classes, values, counts or labels (0 and 1)."""

    name: str
    x: np.ndarray
    targets: str
    outputs: int
    hidden: tuple
    activation: str  # one, or one for each hidden layer, with commas
    loss: str
    batch: int
    rate: float
    momentum: float = 0.0
    nesterov: bool = False
    decay: float = 0.0
    init: str = "default"
    normalize: str = "auto"
    seed: int = 1
    optimizer: str = "sgd"
    image: tuple = ()  # height and width of the samples
    more: dict = field(default_factory=dict)  # further options of nntrain train

    def __post_init__(self):
        self.y = make_targets(self)
        steps = math.ceil(len(self.x) / self.batch)
        assert UPDATES % steps == 0, self.name
        self.epochs = UPDATES // steps

    def is_method(self):
        return bool(self.more) or self.optimizer != "sgd"

    def activations(self):
        """One for each layer; the output layer's is that of the logits."""
        names = self.activation.split(",")
        names = names * len(self.hidden) if len(names) == 1 else names
        last = self.activation.split(",")[-1]
        return [*names, last if self.loss == "quadratic" else "identity"]

    def options(self):
        """The words after `nntrain train`, but for the data and the output."""
        given = {
            "activation": self.activation,
            "loss": self.loss,
            "init": self.init,
            "normalize": self.normalize,
            "learning-rate": self.rate,
            "weight-decay": self.decay,
            "optimizer": self.optimizer,
            **({"momentum": self.momentum} if self.momentum or self.optimizer == "sgd" else {}),
            **self.more,
            "batch-size": self.batch,
            "epochs": self.epochs,
            "seed": self.seed,
        }
        if self.hidden:
            given["hidden"] = ",".join(map(str, self.hidden))
        flags = [name for name, value in given.items() if value is True]
        text = [word for name, value in given.items() if value is not True
                for word in (f"--{name}", str(value))]
        text += [f"--{name}" for name in flags]
        return " ".join(text + ["--nesterov"] * self.nesterov)


def make_targets(case):
    """Targets that depend on the samples."""
    random = np.random.RandomState(len(case.name))
    x = standardize(case.x)
    score = np.tanh(x @ random.randn(x.shape[1], case.outputs) / math.sqrt(x.shape[1]))
    score += 0.3 * random.randn(*score.shape)
    if case.targets == "classes":
        y = score.argmax(axis=1).astype(np.int64)
        y[0] = case.outputs - 1  # the number of classes is the largest label and one
        return y
    if case.targets == "counts":
        return np.floor(np.exp(1.0 + score)).astype(np.int16)
    y = (score > 0.0).astype(np.uint8) if case.targets == "labels" else score.astype(np.float32)
    return y[:, 0] if case.outputs == 1 else y


def standardize(x):
    """Mean 0 and standard deviation 1 by feature; a constant feature becomes 0."""
    x = x.astype(np.float64)
    varies = (x != x[0]).any(axis=0)
    deviation = np.where(varies, x.std(axis=0), 1.0)
    return np.where(varies, (x - x.mean(axis=0)) / deviation, 0.0)


def normalized(case):
    """The inputs of the first layer, float64."""
    integer = np.issubdtype(case.x.dtype, np.integer)
    if case.normalize == "standardize":
        return standardize(case.x)
    if case.normalize == "range" or (case.normalize == "auto" and integer):
        limits = np.iinfo(case.x.dtype)
        return (case.x.astype(np.float64) - limits.min) / (limits.max - limits.min)
    return case.x.astype(np.float64)


def initial_weights(case, layer, shape, activation):
    """Weights [outputs, inputs] of one layer, float32."""
    outputs, inputs = shape
    init = case.init
    if init == "default":
        init = "he-normal" if activation in RECTIFIERS else "xavier-uniform"
    spread = {
        "xavier-uniform": math.sqrt(6.0 / (inputs + outputs)),
        "xavier-normal": math.sqrt(2.0 / (inputs + outputs)),
        "he-uniform": math.sqrt(6.0 / inputs),
        "he-normal": math.sqrt(2.0 / inputs),
        "lecun-normal": math.sqrt(1.0 / inputs),
        "fan-in": math.sqrt(1.0 / inputs),
    }[init]
    draw = uniform if init.endswith("uniform") else normal
    drawn = draw(case.seed, 2 * layer, inputs * outputs).astype(np.float32)
    return (np.float32(spread) * drawn).reshape(shape)


class Dropout(torch.nn.Module):
    """Multiplies by the mask of the update in hand; layer 0 is the input."""

    def __init__(self, layer, p):
        super().__init__()
        self.layer, self.p, self.update, self.seed = layer, p, 0, 0

    def forward(self, x):
        mask = dropout_mask(self.seed, self.update, self.layer, self.p, *x.shape)
        return x * torch.from_numpy(mask).to(x.dtype)


def dropouts(case):
    """Fractions for the input and every hidden layer."""
    given = [float(p) for p in str(case.more.get("dropout", 0)).split(",")]
    hidden = given * len(case.hidden) if len(given) == 1 else given
    return [float(case.more.get("input-dropout", 0)), *hidden, 0.0]


def make_network(case, dtype):
    """torch.nn.Sequential with nntrain's initial weights."""
    widths = [case.x.shape[1], *case.hidden, case.outputs]
    drop = dropouts(case)
    modules = [Dropout(0, drop[0])] if drop[0] > 0 else []
    for layer, activation in enumerate(case.activations()):
        linear = torch.nn.Linear(widths[layer], widths[layer + 1], dtype=dtype)
        weights = initial_weights(case, layer, linear.weight.shape, activation)
        bias = np.zeros(linear.out_features, dtype=np.float32)
        if case.init == "fan-in":
            bias = normal(case.seed, 2 * layer + 1, linear.out_features)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights))
            linear.bias.copy_(torch.from_numpy(bias))
        modules.append(linear)
        if "layer-norm" in case.more and layer < len(case.hidden):
            modules.append(torch.nn.LayerNorm(linear.out_features, dtype=dtype))
        if "batch-norm" in case.more and layer < len(case.hidden):
            modules.append(torch.nn.BatchNorm1d(linear.out_features, dtype=dtype))
        modules.append(ACTIVATIONS[activation]())
        if drop[layer + 1] > 0:
            modules.append(Dropout(layer + 1, drop[layer + 1]))
    return torch.nn.Sequential(*modules)


def loss_and_targets(case, dtype):
    """PyTorch's loss, and the targets in the form that it takes."""
    y = torch.from_numpy(case.y)
    if case.loss == "cross-entropy":
        smoothing = case.more.get("label-smoothing", 0.0)
        return torch.nn.CrossEntropyLoss(label_smoothing=smoothing), y
    if case.targets == "classes" and case.loss != "hinge":
        y = torch.nn.functional.one_hot(y, case.outputs)
    if case.loss == "hinge":
        return torch.nn.MultiMarginLoss(), y
    y = y.to(dtype).reshape(len(y), case.outputs)
    if case.loss in ("huber", "mae", "poisson"):
        return {"huber": torch.nn.HuberLoss(), "mae": torch.nn.L1Loss(),
                "poisson": torch.nn.PoissonNLLLoss()}[case.loss], y
    if case.loss == "quadratic":  # Nielsen, chapter 1: half the squared distance
        total = torch.nn.MSELoss(reduction="sum")
        return lambda a, t: total(a, t) / (2 * len(t)), y
    return (torch.nn.BCEWithLogitsLoss() if case.loss == "binary-cross-entropy"
            else torch.nn.MSELoss()), y


class Lars(torch.optim.Optimizer):
    """You, Gitman and Ginsburg, arXiv:1708.03888, with torch.optim.SGD's momentum."""

    def __init__(self, params, lr, momentum, trust, epsilon):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=0.0, trust=trust,
                                      epsilon=epsilon))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g, decay = p.grad, group["weight_decay"]
                g_norm, p_norm = g.norm(), p.norm()
                g = g + decay * p
                if group["layers"] and g_norm > 0 and p_norm > 0:
                    g = g * (group["trust"] * p_norm / (g_norm + decay * p_norm + group["epsilon"]))
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(group["momentum"]).add_(g)
                p.sub_(group["lr"] * v)


class Lamb(torch.optim.Optimizer):
    """You et al., ICLR 2020, algorithm 2 with phi(z) = z."""

    def __init__(self, params, lr, betas, epsilon):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=0.0, epsilon=epsilon))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(m=torch.zeros_like(p), v=torch.zeros_like(p), t=0)
                m, v = state["m"], state["v"]
                state["t"] += 1
                m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                u = m / (1 - beta1 ** state["t"])
                u = u / ((v / (1 - beta2 ** state["t"])).sqrt() + group["epsilon"])
                u = u + group["weight_decay"] * p
                trust = 1.0
                if group["layers"] and p.norm() > 0 and u.norm() > 0:
                    trust = p.norm() / u.norm()
                p.sub_(group["lr"] * trust * u)


def make_optimizer(case, linears, norms):
    """Biases and what normalisation learns do not decay, and are no layers of lars and lamb."""
    groups = [
        {"params": [linear.weight for linear in linears], "weight_decay": case.decay,
         "layers": True},
        {"params": [linear.bias for linear in linears] + [p for m in norms for p in m.parameters()],
         "weight_decay": 0.0, "layers": False},
    ]
    more, rate = case.more, case.rate
    if "scale-learning-rate" in more:
        rate *= case.batch / more["scale-learning-rate"]
    betas = tuple(map(float, more.get("betas", "0.9,0.999").split(",")))
    if case.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=case.momentum, nesterov=case.nesterov)
    if case.optimizer == "adam":
        return torch.optim.Adam(groups, lr=rate, betas=betas, eps=more.get("epsilon", 1e-8))
    if case.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=rate, betas=betas, eps=more.get("epsilon", 1e-8))
    if case.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, lr=rate, alpha=more.get("alpha", 0.99),
                                   eps=more.get("epsilon", 1e-8), momentum=case.momentum)
    if case.optimizer == "adagrad":
        return torch.optim.Adagrad(groups, lr=rate, eps=more.get("epsilon", 1e-10))
    if case.optimizer == "lars":
        return Lars(groups, rate, case.momentum, more.get("trust", 0.001),
                    more.get("epsilon", 1e-8))
    return Lamb(groups, rate, betas, more.get("epsilon", 1e-6))


def change_gradients(case, linears, norms):
    """Clipping and L1."""
    more = case.more
    every = [p for module in (*linears, *norms) for p in module.parameters()]
    if "clip-norm" in more:
        torch.nn.utils.clip_grad_norm_(every, more["clip-norm"])
    if "clip-value" in more:
        torch.nn.utils.clip_grad_value_(every, more["clip-value"])
    for linear in linears if "l1" in more else []:
        linear.weight.grad.add_(linear.weight.sign(), alpha=more["l1"])


@torch.no_grad()
def limit_weights(case, linears):
    for linear in linears if "max-norm" in case.more else []:
        linear.weight.copy_(torch.renorm(linear.weight, 2, 0, case.more["max-norm"]))


class Schedule:
    """A scheduler of torch that steps after every update or epoch, behind a linear warm-up."""

    def __init__(self, case, optimizer):
        lr = torch.optim.lr_scheduler
        more, kind = case.more, case.more.get("schedule", "constant")
        steps = math.ceil(len(case.x) / case.batch)
        warmup = more.get("warmup", "0steps")
        self.warmup = int(warmup.rstrip("epochst")) * (steps if "epoch" in warmup else 1)
        self.optimizer, self.done, self.plateau = optimizer, 0, None
        self.scale = lambda: 1.0
        self.rate = optimizer.param_groups[0]["lr"]
        left, factor = UPDATES - self.warmup, more.get("schedule-factor", 0.1)
        self.by_update, self.by_epoch = [], []
        self.starts_late = kind in ("polynomial", "cosine", "one-cycle")
        if kind == "step":
            every = more["schedule-every"]
            chosen = lr.StepLR(optimizer, int(every.rstrip("epochst")), factor)
            (self.by_epoch if "epoch" in every else self.by_update).append(chosen)
        elif kind == "multi-step":
            milestones = list(map(int, more["milestones"].split(",")))
            self.by_epoch.append(lr.MultiStepLR(optimizer, milestones, factor))
        elif kind == "exponential":
            self.by_epoch.append(lr.ExponentialLR(optimizer, factor))
        elif kind == "polynomial":
            self.by_update.append(lr.PolynomialLR(optimizer, left, more.get("schedule-power", 1)))
        elif kind == "cosine":
            self.by_update.append(
                lr.CosineAnnealingLR(optimizer, left, eta_min=more.get("schedule-end", 0.0)))
        elif kind == "one-cycle":
            self.by_update.append(
                lr.OneCycleLR(optimizer, case.rate, total_steps=left, cycle_momentum=False))
        elif kind == "plateau":
            self.plateau = lr.ReduceLROnPlateau(
                optimizer, factor=factor, patience=more["plateau-patience"],
                threshold=more.get("plateau-threshold", 1e-4), min_lr=more.get("schedule-end", 0.0))
        self.rates = [group["lr"] for group in optimizer.param_groups]
        self.apply()

    def apply(self):
        """The scheduler's rate, or the warm-up's."""
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            rising = (self.done + 1) / self.warmup if self.done < self.warmup else None
            group["lr"] = rate if rising is None else self.rate * rising

    def step(self, schedulers, *words):
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group["lr"] = rate
        for scheduler in schedulers:
            scheduler.step(*words)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.apply()

    def after_update(self):
        waits = self.starts_late and self.done < self.warmup
        self.done += 1
        last = self.done >= UPDATES  # OneCycleLR refuses to go further
        self.step([] if waits or last else self.by_update)

    def after_epoch(self, loss):
        self.step(self.by_epoch)
        if self.plateau is not None:
            self.step([self.plateau], loss)


def train(case, dtype):
    """20 updates; returns {"0/weight": array, ...}, the mean loss of each epoch and the
    learning rate of its last update."""
    network = make_network(case, dtype)
    x = torch.from_numpy(normalized(case)).to(dtype)
    loss, y = loss_and_targets(case, dtype)
    linears = [module for module in network if isinstance(module, torch.nn.Linear)]
    norms = [module for module in network
             if isinstance(module, (torch.nn.LayerNorm, torch.nn.BatchNorm1d))]
    optimizer = make_optimizer(case, linears, norms)
    schedule = Schedule(case, optimizer)
    losses, rates = [], []
    for epoch in range(case.epochs):
        order = sample_order(len(x), case.seed, epoch)
        total = 0.0
        for first in range(0, len(x), case.batch):
            rows = order[first : first + case.batch]
            for module in network:
                if isinstance(module, Dropout):
                    module.seed, module.update = case.seed, schedule.done
            value = batch_loss(case, loss, network(inputs_of(case, x, schedule.done, rows)),
                               y[rows], schedule.done)
            optimizer.zero_grad()
            value.backward()
            change_gradients(case, linears, norms)
            optimizer.step()
            limit_weights(case, linears)
            rate = optimizer.param_groups[0]["lr"]
            schedule.after_update()
            total += value.item() * len(rows)
        losses.append(total / len(x))
        rates.append(rate)
        schedule.after_epoch(losses[-1])
    found = {}
    for layer, linear in enumerate(linears):
        found[f"{layer}/weight"] = linear.weight.detach().numpy().astype(np.float64)
        found[f"{layer}/bias"] = linear.bias.detach().numpy().astype(np.float64)
    for layer, norm in enumerate(norms):
        found[f"{layer}/norm_weight"] = norm.weight.detach().numpy().astype(np.float64)
        found[f"{layer}/norm_bias"] = norm.bias.detach().numpy().astype(np.float64)
        if isinstance(norm, torch.nn.BatchNorm1d):
            found[f"{layer}/running_mean"] = norm.running_mean.numpy().astype(np.float64)
            found[f"{layer}/running_var"] = norm.running_var.numpy().astype(np.float64)
    return found, losses, rates


# --- the cases ----------------------------------------------------------------------------------


def integers(dtype, rows, columns, seed):
    limits = np.iinfo(dtype)
    return np.random.RandomState(seed).randint(
        limits.min, limits.max + 1, (rows, columns)
    ).astype(dtype)


def reals(rows, columns, seed, constant=None):
    x = np.random.RandomState(seed).randn(rows, columns).astype(np.float32)
    if constant is not None:
        x = x * np.float32(3.0) + np.arange(columns, dtype=np.float32)
        x[:, constant] = 3.3
    return x


def cases():
    u1, i2 = np.uint8, np.int16
    few = dict(targets="values", outputs=3, loss="quadratic", batch=13, rate=0.1)
    yield Case("nielsen", integers(u1, 50, 65, 1), "classes", 10, (33,), "sigmoid", "quadratic",
               10, 3.0, init="fan-in")
    yield Case("tanh-momentum", integers(u1, 33, 49, 2), "classes", 7, (65, 33), "tanh",
               "cross-entropy", 7, 0.1, momentum=0.9, normalize="range", seed=2)
    yield Case("list-nesterov-decay", reals(60, 33, 3), "classes", 5, (33, 7, 65),
               "relu,leaky-relu,gelu", "cross-entropy", 13, 0.05, momentum=0.9, nesterov=True,
               decay=0.01, seed=3)
    yield Case("standardize", reals(47, 7, 4, constant=2), "values", 3, (33, 7, 33),
               "silu,identity,tanh", "mse", 10, 0.05, momentum=0.5, normalize="standardize",
               init="lecun-normal", seed=4)
    yield Case("fewer-samples-than-ranks", reals(9, 7, 5), "values", 1, (33,), "gelu", "mse", 2,
               0.05, momentum=0.9, decay=0.1, init="he-uniform", seed=5)
    yield Case("one-label", reals(20, 33, 60), "labels", 1, (7, 1), "leaky-relu",
               "binary-cross-entropy", 5, 0.1, momentum=0.9, init="xavier-normal",
               seed=2**40 + 6)
    yield Case("five-labels", integers(i2, 61, 7, 7), "labels", 5, (65,), "silu",
               "binary-cross-entropy", 16, 0.5, momentum=0.5, decay=0.001, seed=7)
    yield Case("no-hidden-layer", integers(u1, 37, 65, 8), "classes", 33, (), "relu",
               "cross-entropy", 8, 0.5, decay=0.01, seed=8)
    yield Case("one-sample-batches", reals(5, 1, 9), "classes", 2, (7,), "relu", "cross-entropy",
               1, 0.05, momentum=0.9, seed=9)
    yield from optimizers()
    yield from schedules()
    yield from regularized()
    yield Case("huber", 3 * reals(60, 7, 70), "values", 3, (33,), "tanh", "huber", 13, 0.5, seed=70)
    yield Case("mae", reals(60, 7, 71), "values", 2, (33,), "silu", "mae", 13, 0.05, momentum=0.9,
               seed=71)
    yield Case("poisson", reals(60, 7, 72), "counts", 2, (33,), "tanh", "poisson", 13, 0.05,
               momentum=0.5, seed=72)
    yield Case("hinge", reals(60, 33, 73), "classes", 5, (33,), "tanh", "hinge", 13, 0.5, seed=73)
    for number, activation in enumerate(ACTIVATIONS):
        yield Case(f"quadratic-{activation}", reals(60, 7, 10 + number), hidden=(33,),
                   activation=activation, seed=10 + number, **few)


def optimizers():
    def case(name, seed, optimizer, rate, **more):
        words = {key.replace("_", "-"): value for key, value in more.items()
                 if key not in ("momentum", "decay", "nesterov")}
        given = {key: more[key] for key in ("momentum", "decay", "nesterov") if key in more}
        return Case(name, reals(60, 33, seed), "classes", 5, (33, 7), "tanh", "cross-entropy", 13,
                    rate, seed=seed, optimizer=optimizer, more=words, **given)

    yield case("adam", 30, "adam", 0.01)
    yield case("adam-decay", 31, "adam", 0.02, decay=0.1, betas="0.8,0.95", epsilon=1e-4)
    yield case("adamw", 32, "adamw", 0.02, decay=0.3)
    yield case("rmsprop", 33, "rmsprop", 0.005, alpha=0.9)
    yield case("rmsprop-momentum", 34, "rmsprop", 0.002, momentum=0.8, decay=0.05)
    yield case("adagrad", 35, "adagrad", 0.05, decay=0.01)
    yield case("lars", 36, "lars", 0.5, momentum=0.9, decay=0.01, trust=0.02)
    yield case("lamb", 37, "lamb", 0.05, decay=0.1)
    yield case("clip-norm", 38, "sgd", 0.3, momentum=0.9, decay=0.01, clip_norm=0.5)
    yield case("clip-value", 39, "sgd", 0.3, momentum=0.9, clip_value=0.02)
    yield case("clip-both-l1", 40, "adam", 0.01, clip_norm=0.4, clip_value=0.05, l1=0.003)
    yield case("lamb-clip-l1", 41, "lamb", 0.03, clip_norm=0.3, l1=0.001)
    yield case("lars-clip-norm", 42, "lars", 0.7, momentum=0.5, clip_norm=0.3, trust=0.02)
    yield case("l1", 43, "sgd", 0.2, momentum=0.5, l1=0.01)
    yield case("max-norm", 44, "sgd", 0.3, momentum=0.9, max_norm=1.1)


def schedules():
    def case(name, seed, rate=0.2, **more):
        words = {key.replace("_", "-"): value for key, value in more.items()}
        return Case(name, reals(60, 17, seed), "classes", 4, (33,), "tanh", "cross-entropy", 13,
                    rate, momentum=0.5, seed=seed, more=words)

    yield case("step-epochs", 50, schedule="step", schedule_every="2epochs", schedule_factor=0.5)
    yield case("step-steps", 51, schedule="step", schedule_every="3steps", schedule_factor=0.7,
               warmup="5steps")
    yield case("multi-step", 52, schedule="multi-step", milestones="1,3", schedule_factor=0.3)
    yield case("exponential", 53, schedule="exponential", schedule_factor=0.6, warmup="1epoch")
    yield case("polynomial", 54, schedule="polynomial", schedule_power=2)
    yield case("cosine", 55, schedule="cosine", schedule_end=0.01, warmup="1epoch")
    yield case("one-cycle", 56, rate=0.5, schedule="one-cycle")
    yield case("plateau", 57, rate=0.6, schedule="plateau", plateau_patience=0,
               plateau_threshold=0.2, schedule_end=0.02)
    yield case("warmup-scaled", 58, rate=0.4, warmup="7steps", scale_learning_rate=32)


def regularized():
    def case(name, seed, activation, rate=0.1, hidden=(65, 33), loss="cross-entropy", **more):
        words = {key.replace("_", "-"): value for key, value in more.items()}
        return Case(name, reals(60, 45, seed % 1000), "classes", 5, hidden, activation, loss, 13, rate,
                    momentum=0.5, seed=seed, more=words)

    yield case("dropout", 60, "relu,tanh", dropout=0.5)
    yield case("dropout-each", 61, "gelu,sigmoid", dropout="0.2,0.35", input_dropout=0.1)
    yield case("dropout-others", 2**33 + 62, "silu,leaky-relu,identity", 0.03, (40, 33, 20),
               dropout="0.1,0,0.3")
    yield case("dropout-quadratic", 63, "tanh", 0.1, loss="quadratic", dropout=0.25)
    yield case("input-dropout", 64, "relu", hidden=(), input_dropout=0.3)
    yield case("noise", 67, "tanh", noise=0.3, input_dropout=0.2)
    for name, seed, more in (("shift", 68, dict(shift=3)), ("flip", 69, dict(flip=True)),
                             ("images", 70, dict(shift=2, flip=True, erase=0.7, noise=0.1))):
        yield Case(name, integers(np.uint8, 60, 99, seed), "classes", 5, (33,), "tanh",
                   "cross-entropy", 13, 0.1, momentum=0.5, seed=seed, image=(9, 11), more=more)
    yield case("layer-norm", 71, "relu,tanh", layer_norm=True, dropout=0.2)
    yield case("layer-norm-clip", 72, "gelu", layer_norm=True, clip_norm=0.3, max_norm=1.5)
    # A bias in front of batch normalisation keeps its value but for rounding: it must have one.
    for name, seed, activation, more in (
            ("batch-norm", 73, "relu,tanh", dict(batch_norm=True, dropout=0.2)),
            ("batch-norm-clip", 74, "gelu", dict(batch_norm=True, clip_norm=0.3, max_norm=1.5))):
        chosen = case(name, seed, activation, **more)
        chosen.init = "fan-in"
        yield chosen
    yield case("mixup", 75, "relu", mixup=0.4)
    yield case("mixup-smoothing", 76, "tanh", mixup=1.5, label_smoothing=0.1, noise=0.1)
    yield case("mixup-hinge", 77, "gelu", loss="hinge", mixup=0.2)
    yield case("mixup-quadratic", 78, "sigmoid", loss="quadratic", mixup=0.2)
    yield Case("mixup-values", reals(60, 7, 80), "values", 3, (33,), "tanh", "mse", 13, 0.1,
               momentum=0.5, seed=80, more={"mixup": 0.3})
    yield Case("mixup-images", integers(np.uint8, 60, 99, 79), "classes", 5, (33,), "tanh",
               "cross-entropy", 13, 0.1, momentum=0.5, seed=79, image=(9, 11),
               more={"mixup": 0.3, "shift": 2, "flip": True, "erase": 0.5})
    yield case("label-smoothing", 65, "tanh", label_smoothing=0.1)


def distance(actual, expected):
    return np.linalg.norm(actual - expected) / np.linalg.norm(expected)


def write(path):
    check_philox()
    torch.set_num_threads(1)
    with h5py.File(path, "w") as file:
        file.attrs["torch"] = str(torch.__version__)
        for case in cases():
            expected, losses, rates = train(case, torch.float64)
            rough, rough_losses, _ = train(case, torch.float32)
            float32_distance = max(distance(rough[name], expected[name]) for name in expected)
            print(f"{case.name}: float32 is {float32_distance:.1e} from float64", flush=True)
            assert float32_distance < 5e-6, "a case that rounding decides"
            assert np.allclose(rough_losses, losses, rtol=5e-6, atol=0.0)
            group = file.create_group(case.name)
            group["x"] = case.x.reshape(len(case.x), *(case.image or case.x.shape[1:]))
            group["y"] = case.y
            group["losses"], group["rates"] = losses, rates
            for name, array in expected.items():
                group[f"layers/{name}"] = array.astype(np.float32)
            group.attrs["options"] = case.options()
            # what a method does to sums is the same for all of them
            group.attrs["layouts"] = "1x1 3x1" if case.is_method() else "1x1 2x1 3x1 1x2"
            group.attrs["float32_distance"] = float32_distance
            for layer, activation in enumerate(case.activations()):
                group[f"layers/{layer}"].attrs["activation"] = activation


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("golden.h5"))
