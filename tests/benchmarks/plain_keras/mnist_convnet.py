"""The script that `configs/mnist_convnet.yaml` replaces. Usage: python mnist_convnet.py MODEL.keras [EPOCHS]."""

import sys

import keras
from idx_files import images, labels

keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 5, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(padding="same"),
        keras.layers.Conv2D(64, 5, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(padding="same"),
        keras.layers.Flatten(),
        keras.layers.Dense(1024, activation="relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dropout(0.5),
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
    batch_size=50,
    epochs=int(sys.argv[2]) if len(sys.argv) > 2 else 10,
    validation_data=(images("t10k"), keras.utils.to_categorical(labels("t10k"))),
)
model.save(sys.argv[1])
