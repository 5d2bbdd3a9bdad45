"""The networks of the rows in Keras, with logits at the end; import after KERAS_BACKEND is set."""

from keras import layers as L


def vgg_block(filters):
    return [L.Conv2D(filters, 3, activation="relu"), L.Conv2D(filters, 3, activation="relu"), L.MaxPooling2D(2), L.Dropout(0.25)]


def normalised(convolution):
    return [convolution, L.BatchNormalization(momentum=0.97), L.ReLU()]


def separable(filters, padding="same"):
    return normalised(L.SeparableConv2D(filters, 3, padding=padding, use_bias=False, pointwise_initializer="he_normal"))


def moved():
    return [L.RandomRotation(0.005, fill_mode="constant"), L.RandomZoom(0.03, 0.03, fill_mode="constant"),
            L.RandomTranslation(0.04, 0.04, fill_mode="constant")]


NETWORKS = {
    "logistic": lambda: [L.Flatten(), L.Dense(5)],
    "feed-forward": lambda: [L.Flatten(), L.Dense(128, "sigmoid"), L.Dense(32, "sigmoid"), L.Dense(5)],
    "feed-forward-keras": lambda: [L.Flatten(), L.Dense(128, "relu"), L.Dense(32, "sigmoid"), L.Dense(5)],
    "cnn": lambda: [L.Conv2D(4, 5, padding="same", activation="relu"), L.MaxPooling2D(2), L.Flatten(),
                    L.Dense(32, "relu"), L.Dropout(0.25), L.Dense(5)],
    "vgg": lambda: [*vgg_block(32), *vgg_block(64), L.Flatten(), L.Dense(256, "relu"), L.Dropout(0.5), L.Dense(5)],
    "letra": lambda: [*moved(), *normalised(L.Conv2D(32, 5, padding="same", use_bias=False, kernel_initializer="he_normal")), L.MaxPooling2D(2),
                      *separable(32, "valid"), *separable(64), L.MaxPooling2D(2), *separable(64), *separable(64),
                      L.GlobalMaxPooling2D(), L.Dropout(0.4), L.Dense(5)],
}
