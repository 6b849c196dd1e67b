"""The script that `configs/mnist_conv.yaml` replaces. Usage: python mnist_conv.py MODEL.keras [EPOCHS]."""

import sys

import keras
from idx_files import images, labels

keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adadelta(learning_rate=1.0),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(
    images("train"),
    keras.utils.to_categorical(labels("train")),
    batch_size=128,
    epochs=int(sys.argv[2]) if len(sys.argv) > 2 else 2,
    validation_data=(images("t10k"), keras.utils.to_categorical(labels("t10k"))),
)
model.save(sys.argv[1])
