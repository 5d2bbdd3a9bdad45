"""Milliseconds a training step of the seminar's networks in Keras, on TensorFlow or JAX, by fit and by a compiled loop."""

import os

import boltzmann
import common
import gan

options = common.arguments(__doc__, backend={"choices": ["tensorflow", "jax"], "default": "tensorflow"})
os.environ["KERAS_BACKEND"] = options.backend
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import time

import keras
import tensorflow as tf
from keras_networks import NETWORKS

tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(options.threads)


def loss_of_row(row):
    if "sizes" in row:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    smoothing = row.get("label_smoothing", 0.0)
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    smooth = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    return (lambda labels, logits: smooth(keras.ops.one_hot(keras.ops.reshape(labels, [-1]), 5), logits)) if smoothing else sparse


def recurrent(row):
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[row["layer"]]
    return keras.Sequential([keras.layers.Input((row["steps"], row["features"])), layer(row["units"]), keras.layers.Dense(10)])


def autoencoder(row):
    """Sigmoid units, a linear code in the middle, and logits at the end."""
    sizes = row["sizes"]
    layers = [keras.layers.Dense(units, None if units in (sizes[-1], sizes[0]) else "sigmoid") for units in sizes[1:] + sizes[-2::-1]]
    return keras.Sequential([keras.layers.Input((sizes[0],)), *layers])


def build(row):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = recurrent(row) if "layer" in row else autoencoder(row) if "sizes" in row else keras.Sequential([keras.layers.Input((36, 36, 1)), *NETWORKS[row["network"]]()])
    if "weight_decay" in row:
        optimizer = keras.optimizers.AdamW(row["rate"], weight_decay=row["weight_decay"])
    else:
        optimizer = keras.optimizers.SGD(row["rate"], momentum=row["momentum"], nesterov=row["momentum"] > 0)
    return model, optimizer, loss_of_row(row)


class EpochTimes(keras.callbacks.Callback):
    """Milliseconds a step in each epoch; stops when the time is over and a few epochs are measured."""

    def __init__(self, steps, seconds):
        super().__init__()
        self.steps, self.seconds, self.times, self.end = steps, seconds, [], None

    def on_epoch_begin(self, epoch, logs=None):
        self.end = self.end or time.perf_counter() + self.seconds
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(1e3 * (time.perf_counter() - self.start) / self.steps)
        self.model.stop_training = len(self.times) >= 3 and time.perf_counter() > self.end


def fit(row, mode, x, y):
    """`fit` as a user calls it on arrays; "20 at a time" runs twenty steps in one call of the compiled function."""
    model, optimizer, loss = build(row)
    together = 20 if "20 at a time" in mode else 1
    model.compile(optimizer, loss, jit_compile="XLA" in mode, steps_per_execution=together)
    batches = len(x) // row["batch"]
    if together > 1:
        data = tf.data.Dataset.from_tensor_slices((x, y)).batch(row["batch"], drop_remainder=True).cache().repeat()
        steps, feed = 20, dict(x=data, steps_per_epoch=20)
    else:
        used = batches * row["batch"]
        steps, feed = batches, dict(x=x[:used], y=y[:used], batch_size=row["batch"])
    model.fit(**feed, epochs=2, verbose=0)
    times = EpochTimes(steps, options.seconds)
    model.fit(**feed, epochs=1_000_000, verbose=0, callbacks=[times])
    return times.times


def tensorflow_loop(row, mode, x, y):
    """A training step written out and compiled with tf.function."""
    model, optimizer, loss = build(row)
    optimizer.build(model.trainable_variables)
    batches = [(tf.constant(x[at:at + row["batch"]]), tf.constant(y[at:at + row["batch"]]))
               for at in range(0, len(x) - row["batch"] + 1, row["batch"])]

    @tf.function(jit_compile="XLA" in mode)
    def train(pictures, labels):
        with tf.GradientTape() as tape:
            value = loss(labels, model(pictures, training=True))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    return common.time_steps(lambda i: train(*batches[i % len(batches)]).numpy(), options.seconds)


def jax_loop(row, mode, x, y):
    """A training step written out with Keras's stateless calls and compiled with jax.jit."""
    import jax

    model, optimizer, loss = build(row)
    optimizer.build(model.trainable_variables)

    def loss_of(trainable, rest, pictures, labels):
        logits, rest = model.stateless_call(trainable, rest, pictures, training=True)
        return loss(labels, logits), rest

    @jax.jit
    def train(state, pictures, labels):
        trainable, rest, slots = state
        (value, rest), gradients = jax.value_and_grad(loss_of, has_aux=True)(trainable, rest, pictures, labels)
        trainable, slots = optimizer.stateless_apply(slots, gradients, trainable)
        return (trainable, rest, slots), value

    batches = [(jax.device_put(x[at:at + row["batch"]]), jax.device_put(y[at:at + row["batch"]]))
               for at in range(0, len(x) - row["batch"] + 1, row["batch"])]
    values = lambda variables: [variable.value for variable in variables]
    state = values(model.trainable_variables), values(model.non_trainable_variables), values(optimizer.variables)

    def step(i):
        nonlocal state
        state, value = train(state, *batches[i % len(batches)])
        value.block_until_ready()

    return common.time_steps(step, options.seconds)


def modes(row):
    """What is tried. XLA runs a convolution inside its own loop many times slower, so that is left out."""
    convolutional = row["network"] in ("cnn", "vgg", "letra")
    if options.backend == "jax":
        return ["fit XLA", "compiled loop XLA"] + ([] if convolutional else ["fit XLA, 20 at a time"])
    return ["fit", "fit, 20 at a time", "compiled loop", "compiled loop XLA"] + ([] if convolutional else ["fit XLA, 20 at a time"])


def main():
    x, y = common.pictures(options.data)
    x = x[..., None]
    loop = jax_loop if options.backend == "jax" else tensorflow_loop
    for row in common.rows(options):
        if boltzmann.is_machine(row):
            # Keras has no such machine; JAX by itself stands in for it.
            if options.backend == "jax":
                result = common.best(["jax.jit"], row, options, lambda mode: boltzmann.jax(row, mode, options.seconds))
                common.report(f"keras {keras.__version__} on {options.backend}", options, row, result)
            continue
        if gan.is_pair(row):
            # Likewise: Keras has no such step.
            if options.backend == "jax":
                result = common.best(["jax.jit"], row, options, lambda mode: gan.jax(row, mode, options.seconds))
                common.report(f"keras {keras.__version__} on {options.backend}", options, row, result)
            continue
        data = common.data_of(row, x, y)
        measure = lambda mode: (fit if mode.startswith("fit") else loop)(row, mode, *data)
        common.report(f"keras {keras.__version__} on {options.backend}", options, row, common.best(modes(row), row, options, measure))


if __name__ == "__main__":
    main()
