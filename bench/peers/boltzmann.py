"""Training steps of a restricted Boltzmann machine: contrastive divergence of one step, both layers drawn, in each peer's own way."""

import common


def is_machine(row):
    return row["network"].startswith("rbm-")


def batches(row):
    """Ten batches of numbers from 0 to 1, as letra-bench has them."""
    import numpy as np

    index = np.arange(10 * row["batch"] * row["visible"], dtype=np.int64)
    values = ((index * 7919 + index // 13) % 1009).astype(np.float32) / 1008.0
    return values.reshape(10, row["batch"], row["visible"])


def weights(row):
    import numpy as np

    return np.random.default_rng(0).normal(0, 0.01, (row["visible"], row["hidden"])).astype(np.float32)


def pytorch(row, mode, seconds):
    import torch

    data, rate = [torch.from_numpy(batch) for batch in batches(row)], row["rate"] / row["batch"]
    kernel, visible, hidden = torch.from_numpy(weights(row)), torch.zeros(row["visible"]), torch.zeros(row["hidden"])

    def update(v, kernel, visible, hidden):
        p = torch.sigmoid(torch.addmm(hidden, v, kernel))
        h = (torch.rand_like(p) < p).float()
        q = torch.sigmoid(torch.addmm(visible, h, kernel.T))
        w = (torch.rand_like(q) < q).float()
        r = torch.sigmoid(torch.addmm(hidden, w, kernel))
        kernel.addmm_(v.T, p, alpha=rate).addmm_(w.T, r, alpha=-rate)
        visible.add_((v - w).sum(0), alpha=rate)
        hidden.add_((p - r).sum(0), alpha=rate)
        return ((v - q) ** 2).mean()

    if "compiled" in mode:
        torch._dynamo.reset()
        update = torch.compile(update)
    with torch.no_grad():
        return common.time_steps(lambda i: update(data[i % 10], kernel, visible, hidden), seconds)


def jax(row, mode, seconds):
    import jax
    import jax.numpy as jnp

    rate = row["rate"] / row["batch"]

    def update(state, v):
        kernel, visible, hidden, key = state
        key, first, second = jax.random.split(key, 3)
        p = jax.nn.sigmoid(v @ kernel + hidden)
        h = (jax.random.uniform(first, p.shape) < p).astype(jnp.float32)
        q = jax.nn.sigmoid(h @ kernel.T + visible)
        w = (jax.random.uniform(second, q.shape) < q).astype(jnp.float32)
        r = jax.nn.sigmoid(w @ kernel + hidden)
        kernel = kernel + rate * (v.T @ p - w.T @ r)
        return (kernel, visible + rate * (v - w).sum(0), hidden + rate * (p - r).sum(0), key), ((v - q) ** 2).mean()

    update = jax.jit(update, donate_argnums=0)
    data = [jax.device_put(batch) for batch in batches(row)]
    state = jnp.asarray(weights(row)), jnp.zeros(row["visible"]), jnp.zeros(row["hidden"]), jax.random.key(0)

    def step(i):
        nonlocal state
        state, error = update(state, data[i % 10])
        error.block_until_ready()

    return common.time_steps(step, seconds)


def scikit_learn(row, mode, seconds):
    """Persistent contrastive divergence, which BernoulliRBM has: as many products and draws."""
    from sklearn.neural_network import BernoulliRBM

    data = batches(row)
    rbm = BernoulliRBM(row["hidden"], learning_rate=row["rate"], batch_size=row["batch"], random_state=0)
    return common.time_steps(lambda i: rbm.partial_fit(data[i % 10]), seconds)
