"""The script that `configs/iris_mlp.yaml` replaces. Usage: python iris_mlp.py MODEL.keras."""

import sys

import keras
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

keras.utils.set_random_seed(0)
x, y = load_iris(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    x.astype("float32"), keras.utils.to_categorical(y), test_size=0.5, random_state=0
)
model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(16, activation="sigmoid"),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=1, epochs=100)
model.save(sys.argv[1])
