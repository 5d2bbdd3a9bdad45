"""Restricted Boltzmann machines by scikit-learn's BernoulliRBM, from given weights; the second witness is the formula."""

import numpy as np
from sklearn.neural_network import BernoulliRBM

import output

SHAPES = [(1, 1, 3), (6, 4, 5), (20, 33, 4)]


def softplus(x):
    return np.logaddexp(0.0, x)


def machine(kernel, visible_bias, hidden_bias):
    """scikit-learn's machine with the given weights [visible, hidden], in double precision."""
    rbm = BernoulliRBM(n_components=kernel.shape[1])
    rbm.fit(np.zeros((1, kernel.shape[0])))
    rbm.components_ = np.ascontiguousarray(kernel.T)
    rbm.intercept_visible_, rbm.intercept_hidden_ = visible_bias, hidden_bias
    return rbm


def case(generator, visible, hidden, samples):
    kernel = output.single(generator.normal(size=(visible, hidden)))
    visible_bias, hidden_bias = (output.single(generator.normal(size=n)) for n in (visible, hidden))
    binary = generator.integers(0, 2, size=(samples, visible)).astype(float)
    data = np.concatenate([binary, output.single(generator.random(size=(samples, visible)))])
    flips = generator.integers(0, visible, size=len(data))
    rbm = machine(kernel, visible_bias, hidden_bias)

    fields = data @ kernel + hidden_bias
    transform = rbm.transform(data)
    np.testing.assert_allclose(transform, 1.0 / (1.0 + np.exp(-fields)), rtol=1e-12)
    energy = rbm._free_energy(data)
    np.testing.assert_allclose(energy, -data @ visible_bias - softplus(fields).sum(axis=1), rtol=1e-12)

    def after(unit):
        """Free energies with one unit of each sample changed to 1 - v, as score_samples changes it."""
        other = data.copy()
        rows = np.arange(len(data))
        other[rows, unit] = 1.0 - other[rows, unit]
        return rbm._free_energy(other)

    score = -visible * softplus(energy - after(flips))
    each = [-softplus(energy - after(np.full(len(data), unit))) for unit in range(visible)]
    return {
        "kernel": output.tensor(kernel),
        "visible_bias": output.tensor(visible_bias),
        "hidden_bias": output.tensor(hidden_bias),
        "data": output.tensor(data),
        "transform": output.tensor(transform),
        "free_energy": energy,
        "flips": flips,
        "score": score,
        "pseudo_likelihood": np.sum(each, axis=0),
    }


def check_score(generator):
    """scikit-learn's own score_samples gives what the formula with its flips does."""
    kernel = generator.normal(size=(6, 4))
    rbm = machine(kernel, generator.normal(size=6), generator.normal(size=4))
    data = generator.integers(0, 2, size=(5, 6)).astype(float)
    rbm.random_state = 3
    flips = np.random.RandomState(3).randint(0, 6, 5)
    other = data.copy()
    other[np.arange(5), flips] = 1.0 - other[np.arange(5), flips]
    wanted = -6 * softplus(rbm._free_energy(data) - rbm._free_energy(other))
    np.testing.assert_allclose(rbm.score_samples(data), wanted, rtol=1e-10)


def main():
    generator = np.random.default_rng(19)
    check_score(generator)
    output.write("boltzmann", {"cases": [case(generator, *shape) for shape in SHAPES]})


if __name__ == "__main__":
    main()
