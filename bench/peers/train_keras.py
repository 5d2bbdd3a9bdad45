"""From process start to a trained feed-forward (Keras) network: 100 epochs, batch 128, by fit; compare times the whole process."""

import os

import common

options = common.arguments(__doc__, backend={"choices": ["tensorflow", "jax"], "default": "tensorflow"})
os.environ["KERAS_BACKEND"] = options.backend
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import json

import keras
from keras_networks import NETWORKS

keras.utils.set_random_seed(0)
x, y = common.pictures(options.data)
x = x[..., None]
model = keras.Sequential([keras.layers.Input((36, 36, 1)), *NETWORKS["feed-forward-keras"]()])
rate = keras.optimizers.schedules.InverseTimeDecay(0.01, decay_steps=1, decay_rate=1e-6)
model.compile(keras.optimizers.SGD(rate, momentum=0.9, nesterov=True), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, batch_size=128, epochs=100, verbose=0)
accuracy = float((model.predict(x, batch_size=2511, verbose=0).argmax(1) == y).mean())
print(json.dumps({"peer": f"keras {keras.__version__} on {options.backend}", "threads": options.threads,
                  "steps": int(model.optimizer.iterations), "train_accuracy": round(accuracy, 4)}))
