"""Training steps of a generator and a discriminator for pictures of 28 x 28, one of each network: the pair of 2014, DCGAN, WGAN-GP.

The networks are those of bench/src/pairs.rs. Generated pictures of the discriminator's step are used again in the generator's, as is usual
in PyTorch; letra draws others."""

import common

SIDE, PIXELS, NOISE, FILTERS, DENSE, UNITS, PIECES = 28, 784, 100, 64, 1200, 240, 5


def is_pair(row):
    return row["network"].startswith("gan-")


def batches(row):
    """Four batches of numbers from -1 to 1, the first of those that letra-bench has: [batch, 28, 28, 1]."""
    import numpy as np

    index = np.arange(4 * row["batch"] * PIXELS, dtype=np.int64)
    values = ((index * 7919 + index // 13) % 1009).astype(np.float32) / 504.5 - 1.0
    return values.reshape(4, row["batch"], SIDE, SIDE, 1)


def torch_networks(kind):
    import torch
    import torch.nn as nn

    class Maxout(nn.Module):
        def __init__(self, inputs):
            super().__init__()
            self.dense = nn.Linear(inputs, PIECES * UNITS)

        def forward(self, x):
            return self.dense(x).view(len(x), PIECES, UNITS).amax(1)

    if kind == "dense":
        generator = nn.Sequential(nn.Linear(NOISE, DENSE), nn.ReLU(), nn.Linear(DENSE, DENSE), nn.ReLU(), nn.Linear(DENSE, PIXELS), nn.Tanh(),
                                  nn.Unflatten(1, (1, SIDE, SIDE)))
        return generator, nn.Sequential(nn.Flatten(), Maxout(PIXELS), nn.Dropout(0.5), Maxout(UNITS), nn.Dropout(0.5), nn.Linear(UNITS, 1))
    generator = nn.Sequential(nn.Linear(NOISE, 49 * 2 * FILTERS, bias=False), nn.BatchNorm1d(49 * 2 * FILTERS), nn.ReLU(), nn.Unflatten(1, (2 * FILTERS, 7, 7)),
                              nn.ConvTranspose2d(2 * FILTERS, FILTERS, 4, 2, 1, bias=False), nn.BatchNorm2d(FILTERS), nn.ReLU(),
                              nn.ConvTranspose2d(FILTERS, 1, 4, 2, 1), nn.Tanh())
    wgan = kind == "wgan-gp"
    normalised = nn.LayerNorm([2 * FILTERS, 7, 7]) if wgan else nn.BatchNorm2d(2 * FILTERS)
    discriminator = nn.Sequential(nn.Conv2d(1, FILTERS, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(FILTERS, 2 * FILTERS, 4, 2, 1, bias=wgan), normalised,
                                  nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(49 * 2 * FILTERS, 1))
    return generator, discriminator


def pytorch(row, mode, seconds):
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    kind = row["network"].removeprefix("gan-")
    generator, discriminator = torch_networks(kind)
    data = [torch.from_numpy(batch).permute(0, 3, 1, 2).contiguous() for batch in batches(row)]
    if "channels last" in mode:
        generator, discriminator = (network.to(memory_format=torch.channels_last) for network in (generator, discriminator))
        data = [batch.to(memory_format=torch.channels_last) for batch in data]
    optimizers = [torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True) for network in (generator, discriminator)]
    draw, score = (torch.compile(generator), torch.compile(discriminator)) if "compiled" in mode else (generator, discriminator)
    noise = lambda: torch.randn(row["batch"], NOISE) if kind == "wgan-gp" else 2 * torch.rand(row["batch"], NOISE) - 1

    def penalty(real, generated):
        share = torch.rand(len(real), 1, 1, 1)
        between = (real + share * (generated - real)).requires_grad_(True)
        gradient, = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
        return 10 * ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()

    def step(i):
        real, generated = data[i % 4], draw(noise())
        optimizers[1].zero_grad()
        if kind == "wgan-gp":
            loss = score(generated.detach()).mean() - score(real).mean() + penalty(real, generated.detach())
        else:
            loss = F.softplus(-score(real)).mean() + F.softplus(score(generated.detach())).mean()
        loss.backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        discriminator.requires_grad_(False)
        d = score(generated)
        (-d.mean() if kind == "wgan-gp" else F.softplus(-d).mean()).backward()
        discriminator.requires_grad_(True)
        optimizers[0].step()

    return common.time_steps(step, seconds)


def torch_modes(row):
    kind = row["network"].removeprefix("gan-")
    if kind == "dense":
        return ["eager", "compiled"]
    # torch.compile has no gradient of a gradient.
    return ["eager", "eager, channels last"] + (["compiled, channels last"] if kind == "dcgan" else [])


def jax(row, mode, seconds):
    """All of a step in one function for jax.jit, with Adam written out."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    kind, batch = row["network"].removeprefix("gan-"), row["batch"]
    draw = np.random.default_rng(0)
    weight = lambda *shape: jnp.asarray(draw.normal(0, 0.02, shape).astype(np.float32))
    ones, zeros = lambda *shape: jnp.ones(shape), lambda *shape: jnp.zeros(shape)
    names = ("NHWC", "HWIO", "NHWC")
    leaky = lambda x: jnp.where(x > 0, x, 0.2 * x)

    def normalise(x, scale, shift, axes):
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-3) * scale + shift

    if kind == "dense":
        g = [weight(NOISE, DENSE), zeros(DENSE), weight(DENSE, DENSE), zeros(DENSE), weight(DENSE, PIXELS), zeros(PIXELS)]
        d = [weight(PIXELS, PIECES * UNITS), zeros(PIECES * UNITS), weight(UNITS, PIECES * UNITS), zeros(PIECES * UNITS), weight(UNITS, 1), zeros(1)]

        def generate(g, z):
            h = jax.nn.relu(jax.nn.relu(z @ g[0] + g[1]) @ g[2] + g[3])
            return jnp.tanh(h @ g[4] + g[5]).reshape(batch, SIDE, SIDE, 1)

        def score(d, x, key):
            h = x.reshape(len(x), PIXELS)
            for layer, key in enumerate(jax.random.split(key)):
                h = (h @ d[2 * layer] + d[2 * layer + 1]).reshape(len(x), PIECES, UNITS).max(1)
                h = jnp.where(jax.random.bernoulli(key, 0.5, h.shape), 2 * h, 0)
            return h @ d[4] + d[5]
    else:
        wide = 2 * FILTERS
        g = [weight(NOISE, 49 * wide), ones(49 * wide), zeros(49 * wide), weight(4, 4, wide, FILTERS), ones(FILTERS), zeros(FILTERS), weight(4, 4, FILTERS, 1), zeros(1)]
        norm = (7, 7, wide) if kind == "wgan-gp" else (wide,)
        d = [weight(4, 4, 1, FILTERS), zeros(FILTERS), weight(4, 4, FILTERS, wide), ones(*norm), zeros(*norm), weight(49 * wide, 1), zeros(1)]
        up = lambda x, kernel: jax.lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=names)
        down = lambda x, kernel: jax.lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=names)

        def generate(g, z):
            h = jax.nn.relu(normalise(z @ g[0], g[1], g[2], (0,))).reshape(batch, 7, 7, wide)
            h = jax.nn.relu(normalise(up(h, g[3]), g[4], g[5], (0, 1, 2)))
            return jnp.tanh(up(h, g[6]) + g[7])

        def score(d, x, key):
            h = leaky(down(x, d[0]) + d[1])
            h = leaky(normalise(down(h, d[2]), d[3], d[4], (1, 2, 3) if kind == "wgan-gp" else (0, 1, 2)))
            return h.reshape(len(x), 49 * wide) @ d[5] + d[6]

    def judge(d, real, generated, keys):
        if kind != "wgan-gp":
            return jax.nn.softplus(-score(d, real, keys[0])).mean() + jax.nn.softplus(score(d, generated, keys[1])).mean()
        between = real + jax.random.uniform(keys[2], (batch, 1, 1, 1)) * (generated - real)
        gradient = jax.grad(lambda x: score(d, x, keys[0]).sum())(between)
        norm = jnp.sqrt((gradient ** 2).sum((1, 2, 3)) + 1e-12)
        return score(d, generated, keys[0]).mean() - score(d, real, keys[0]).mean() + 10 * ((norm - 1) ** 2).mean()

    def fool(g, d, z, key):
        scores = score(d, generate(g, z), key)
        return -scores.mean() if kind == "wgan-gp" else jax.nn.softplus(-scores).mean()

    def adam(values, gradients, slots, t):
        first = [0.5 * m + 0.5 * gradient for m, gradient in zip(slots[0], gradients)]
        second = [0.999 * v + 0.001 * gradient ** 2 for v, gradient in zip(slots[1], gradients)]
        rate = 2e-4 * jnp.sqrt(1 - 0.999 ** t) / (1 - 0.5 ** t)
        return [value - rate * m / (jnp.sqrt(v) + 1e-7) for value, m, v in zip(values, first, second)], (first, second)

    def step_of(state, real):
        g, d, g_slots, d_slots, t, key = state
        key, *keys = jax.random.split(key, 6)
        z = jax.random.normal(keys[3], (batch, NOISE)) if kind == "wgan-gp" else jax.random.uniform(keys[3], (batch, NOISE), minval=-1)
        loss, gradients = jax.value_and_grad(judge)(d, real, generate(g, z), keys)
        d, d_slots = adam(d, gradients, d_slots, t)
        g, g_slots = adam(g, jax.grad(fool)(g, d, z, keys[4]), g_slots, t)
        return (g, d, g_slots, d_slots, t + 1, key), loss

    compiled = jax.jit(step_of, donate_argnums=0)
    data = [jax.device_put(batch) for batch in batches(row)]
    none = lambda values: tuple([jnp.zeros_like(value) for value in values] for _ in range(2))
    state = g, d, none(g), none(d), jnp.float32(1), jax.random.key(0)

    def step(i):
        nonlocal state
        state, loss = compiled(state, data[i % 4])
        loss.block_until_ready()

    return common.time_steps(step, seconds)
