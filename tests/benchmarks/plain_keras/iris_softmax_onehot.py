"""The script that `configs/iris_softmax_onehot.yaml` replaces. Usage: python iris_softmax_onehot.py MODEL.keras."""

import sys

import keras
from sklearn.datasets import load_iris

keras.utils.set_random_seed(0)
x, y = load_iris(return_X_y=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x.astype("float32"), keras.utils.to_categorical(y), batch_size=5, epochs=15)
model.save(sys.argv[1])
