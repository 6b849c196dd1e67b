"""The script that `configs/mnist_mlp.yaml` replaces. Usage: python mnist_mlp.py MODEL.keras [EPOCHS]."""

import sys

import keras
from idx_files import images, labels

keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(512, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(
    images("train"),
    keras.utils.to_categorical(labels("train")),
    batch_size=100,
    epochs=int(sys.argv[2]) if len(sys.argv) > 2 else 10,
    validation_data=(images("t10k"), keras.utils.to_categorical(labels("t10k"))),
)
model.save(sys.argv[1])
