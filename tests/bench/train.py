"""The PyTorch side of `aufbau bench train`: the same networks from the same weights on the same data, one thread, float32.

train.py AUFBAU [CASE ...] runs AUFBAU and PyTorch in turn, case by case, and prints a table in Markdown. Samples per CPU second
are medians over the turns. Needs torch, numpy and h5py; without them it says so and ends with status 77.
"""
import math
import os
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import h5py
    import numpy as np
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(f"train.py: {error}", file=sys.stderr)
    sys.exit(77)

torch.set_num_threads(1)
torch.set_flush_denormal(True)
TURNS = 3
RATE, DECAY, CLIP = 1e-4, 0.01, 1.0
CASES = ["mlp-256", "mlp-4096", "diagonal-256", "diagonal-4096", "sets-64", "sets-128"]
WORDS = {"mlp": "MLP 55-128-128-128, 3 Gaussians, 16 targets, full covariance, batch {1}",
         "diagonal": "the same, diagonal covariance, batch {1}",
         "sets": "set transformer, width {1}, 4 heads, 4 blocks, sets of 1-40, batch 256, {0}"}


def take(flat, shapes):
    """Parameters of the given shapes, cut from a flat array."""
    out, at = [], 0
    for shape in shapes:
        n = math.prod(shape)
        out.append(flat[at:at + n].reshape(shape).clone().requires_grad_())
        at += n
    assert at == flat.numel()
    return out


class Mixture:
    """Perceptron with residual connections and the densities of mdn.h."""
    batches = [None]

    def __init__(self, data, diagonal):
        self.x, self.y = data["input"], data["residual"]
        self.deviation, self.floor = data["deviation"], data["floor"]
        n_in, self.n, self.k, w = self.x.shape[1], self.y.shape[1], 3, 128
        self.pairs = 0 if diagonal else self.n * (self.n - 1) // 2
        head = self.k * (1 + 2 * self.n + self.pairs)
        self.parameters = take(data["weight"], [(n_in, w), (w,), (w, w), (w,), (w, w), (w,), (w, head), (head,)])
        row, column = np.tril_indices(self.n, -1)
        self.pick = torch.zeros(self.n, self.n * (self.n - 1) // 2)
        self.add = torch.zeros(self.n * (self.n - 1) // 2, self.n)
        self.pick[column, np.arange(len(column))] = 1
        self.add[np.arange(len(row)), row] = 1

    def loss(self, _):
        order = torch.randperm(len(self.x))
        x, y, p = self.x[order], self.y[order], self.parameters
        h = F.gelu(torch.addmm(p[1], x, p[0]), approximate="tanh")
        h = h + F.gelu(torch.addmm(p[3], h, p[2]), approximate="tanh")
        h = h + F.gelu(torch.addmm(p[5], h, p[4]), approximate="tanh")
        out, n, k = torch.addmm(p[7], h, p[6]), self.n, self.k
        mu = out[:, k:k + k * n].view(-1, k, n)
        c = out[:, k + k * n:].view(-1, k, n + self.pairs)
        e = self.deviation * (y[:, None] - mu)
        d = self.floor + self.deviation * torch.exp(c[..., :n])
        q = e
        if self.pairs:  # products with constant matrices are faster here than triangular matrices that are filled
            t = c[..., n:].reshape(-1, self.pairs)
            q = e + ((e.reshape(-1, n) @ self.pick * t) @ self.add).view(-1, k, n)
        z = q / d
        ln = F.log_softmax(out[:, :k], 1) - 0.5 * (z * z).sum(-1) - torch.log(d).sum(-1) - 0.5 * n * math.log(2 * math.pi)
        return -torch.logsumexp(ln, 1).mean()


class Sets:
    """The set transformer of set_transformer.h on padded batches; `groups` batches of sets sorted by size make a step."""

    def __init__(self, data, width, groups):
        self.d, self.heads = width, 4
        n_token, n_global, d = data["token"].shape[1], data["global"].shape[1], width
        block = [(d,), (d,), (d, 3 * d), (3 * d,), (d, d), (d,), (d,), (d,), (d, 2 * d), (2 * d,), (2 * d, d), (d,)]
        shapes = [(n_token, d), (n_global, d), (d,)]
        self.layers = 4
        for _ in range(self.layers):
            shapes += block
        shapes += [(d,), (d,), (2 * d, d), (d,), (d, 1), (1,), (n_global, 1), (d, 1), (1,)]
        self.parameters = take(data["weight"], shapes)
        size = data["size"].long()
        start = torch.cumsum(size, 0) - size
        self.total, order = len(size), torch.argsort(size, stable=True) if groups > 1 else torch.arange(len(size))
        self.batches = []
        for part in torch.chunk(order, groups):
            longest = int(size[part].max())
            token = torch.zeros(len(part), longest, n_token)
            for i, s in enumerate(part):
                token[i, :size[s]] = data["token"][start[s]:start[s] + size[s]]
            there = (torch.arange(longest)[None] < size[part][:, None]).float()
            self.batches.append((token, there, data["global"][part], data["added"].long()[part], data["label"][part]))

    def loss(self, batch):
        order = torch.randperm(len(batch[0]))
        token, there, g, added, label = (x[order] for x in batch)
        p, d, (n, m) = self.parameters, self.d, there.shape
        mask = (there - 1)[:, None, None] * 1e9
        h = F.linear(token, p[0].t(), p[2]) + (g @ p[1])[:, None]
        for layer in range(self.layers):
            w = p[3 + 12 * layer:15 + 12 * layer]
            q, k, v = F.linear(F.layer_norm(h, (d,), 1 + w[0], w[1]), w[2].t(), w[3]).view(n, m, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            a = torch.softmax(q @ k.transpose(-1, -2) * (d // self.heads) ** -0.5 + mask, -1)
            h = h + F.linear((a @ v).transpose(1, 2).reshape(n, m, d), w[4].t(), w[5])
            up = F.linear(F.layer_norm(h, (d,), 1 + w[6], w[7]), w[8].t(), w[9])
            h = h + F.linear(F.gelu(up, approximate="tanh"), w[10].t(), w[11])
        w = p[3 + 12 * self.layers:]
        f = F.layer_norm(h, (d,), 1 + w[0], w[1])
        mean = (f * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        r = F.gelu(torch.cat([f[torch.arange(n), added], mean], 1) @ w[2] + w[3], approximate="tanh")
        hazard = (F.softplus(f @ w[7] + w[8])[..., 0] * there).sum(1) + F.softplus(r @ w[4] + w[5] + g @ w[6])[:, 0]
        hazard = hazard.clamp_min(1e-6)
        z = -hazard - torch.log(-torch.expm1(-hazard))
        return F.binary_cross_entropy_with_logits(z, label, reduction="sum") / self.total


def train(model, steps, slices):
    """Loss of each step, and samples a CPU second: median over slices, the first of which warms up."""
    samples = sum(len(b[0]) for b in model.batches) if model.batches[0] else len(model.x)
    optimiser = torch.optim.AdamW(model.parameters, lr=RATE, weight_decay=DECAY)
    losses, rates, each = [], [], steps // slices
    for s in range(slices):
        begin = time.process_time()
        for _ in range(each):
            optimiser.zero_grad(set_to_none=True)
            total = 0
            for batch in model.batches:
                loss = model.loss(batch)
                loss.backward()
                total += loss.item()
            losses.append(total)
            torch.nn.utils.clip_grad_norm_(model.parameters, CLIP)
            optimiser.step()
        if s > 0:
            rates.append(each * samples / (time.process_time() - begin))
    return np.array(losses), float(np.median(rates))


def ours(aufbau, case):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.h5")
        subprocess.run([aufbau, "bench", "train", case, "-o", path], check=True, stdout=subprocess.DEVNULL)
        with h5py.File(path) as file:
            return {name: np.array(value) for name, value in file[case].items()}


def variants(case):
    kind, size = case.split("-")
    if kind == "sets":
        return [("padded", lambda data: Sets(data, int(size), 1)), ("bucketed", lambda data: Sets(data, int(size), 8))]
    return [(kind, lambda data: Mixture(data, kind == "diagonal"))]


def compare(aufbau, case):
    """Our runs and PyTorch's in turn."""
    own, share, other, difference, sgemm = [], [], {}, {}, []
    for _ in range(TURNS):
        run = ours(aufbau, case)
        own.append(run["rate"][0])
        sgemm.append(run["sgemm"][0])
        share.append(1e-9 * run["flops"][0] * run["rate"][0] / run["sgemm"][0])
        data = {k: torch.from_numpy(v) for k, v in run.items() if v.dtype == np.float32}
        for name, make in variants(case):
            loss, rate = train(make(data), len(run["loss"]), 8)
            other.setdefault(name, []).append(rate)
            difference[name] = np.abs(loss - run["loss"]).max()
    for name in other:
        ratio = np.median(np.array(own) / np.array(other[name]))
        kind, size = case.split("-")
        print(f"| {WORDS[kind].format(name, size)} | {np.median(other[name]):.0f} | {np.median(own):.0f} | {ratio:.1f} | "
              f"{np.median(sgemm):.0f} | {np.median(share):.2f} | {difference[name]:.1e} | {len(run['loss'])} |", flush=True)


def main():
    print(f"PyTorch {torch.__version__}, one thread, float32; samples per CPU second.\n")
    print("| case | PyTorch | Aufbau | ratio | sgemm, GF/s | share of sgemm | loss curves differ by | steps |\n|---|---|---|---|---|---|---|---|")
    for case in sys.argv[2:] or CASES:
        compare(sys.argv[1], case)


main()
