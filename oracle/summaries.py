"""What Keras's summary says of the seminar's six networks: layer names, output shapes, parameter counts."""

import keras

from output import write

L = keras.layers


# Functions, because Keras counts its automatic names as layers are made.
NETWORKS = {
    "logistic": lambda: [L.Flatten(), L.Dense(5, "softmax")],
    "feed-forward": lambda: [L.Flatten(), L.Dense(128, "sigmoid"), L.Dense(32, "sigmoid"), L.Dense(5, "softmax")],
    "feed-forward-keras": lambda: [L.Flatten(), L.Dense(128, "relu"), L.Dense(32, "sigmoid"), L.Dense(5, "softmax")],
    "cnn": lambda: [L.Conv2D(4, 5, padding="same", activation="relu"), L.MaxPooling2D(2), L.Flatten(),
            L.Dense(32, "relu"), L.Dropout(0.25), L.Dense(5, "softmax")],
    "cnn-keras": lambda: [L.Conv2D(4, 5, activation="relu"), L.MaxPooling2D(2), L.Flatten(),
                  L.Dense(32, "relu"), L.Dropout(0.5), L.Dense(5, "softmax")],
    "vgg": lambda: [L.Conv2D(32, 3, activation="relu"), L.Conv2D(32, 3, activation="relu"), L.MaxPooling2D(2), L.Dropout(0.25),
            L.Conv2D(64, 3, activation="relu"), L.Conv2D(64, 3, activation="relu"), L.MaxPooling2D(2), L.Dropout(0.25),
            L.Flatten(), L.Dense(256, "relu"), L.Dropout(0.5), L.Dense(5, "softmax")],
}


def facts(name):
    keras.utils.clear_session()
    model = keras.Sequential([L.Input((36, 36, 1)), *NETWORKS[name]()])
    layers = [{"name": layer.name, "kind": type(layer).__name__, "output_shape": list(layer.output.shape[1:]),
               "parameters": layer.count_params()} for layer in model.layers]
    names = [f"{layer.name}/{weight.name}" for layer in model.layers for weight in layer.weights]
    return {"network": name, "layers": layers, "parameters": model.count_params(), "parameter_names": names}


def main():
    write("summaries", {"networks": [facts(name) for name in NETWORKS]})


if __name__ == "__main__":
    main()
