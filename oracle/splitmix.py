"""A sequence of numbers that any language repeats exactly: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).

state starts at the seed; each number adds 0x9E3779B97F4A7C15 to it (modulo 2^64) and mixes a copy:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB
    z =  z ^ (z >> 31)
A fraction is the top 24 bits over 2^24: in [0, 1), exact in single precision.
"""

import numpy as np

MASK = (1 << 64) - 1


def integers(seed, count):
    """The first `count` numbers of the sequence, as Python integers."""
    state, numbers = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append(z ^ (z >> 31))
    return numbers


def fractions(seed, shape):
    """Fractions in [0, 1), row-major; float64 that single precision holds exactly."""
    numbers = integers(seed, int(np.prod(shape)))
    return np.array([(z >> 40) / 2.0**24 for z in numbers]).reshape(shape)


def symmetric(seed, shape, limit):
    """(2 fraction − 1) · limit in [−limit, limit); exact in single precision where limit is a power of two."""
    return (2.0 * fractions(seed, shape) - 1.0) * limit
