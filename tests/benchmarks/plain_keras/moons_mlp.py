"""The script that `configs/moons_mlp.yaml` replaces. Usage: python moons_mlp.py MODEL.keras."""

import sys

import keras
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(0)
x, y = make_moons(n_samples=1000, noise=0.2, random_state=0)
x_train, x_test, y_train, y_test = train_test_split(x.astype("float32"), y, test_size=0.5, random_state=0)
scaler = StandardScaler().fit(x_train)
model = keras.Sequential(
    [
        keras.Input((2,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adadelta(learning_rate=1.0), loss="binary_crossentropy", metrics=["accuracy"]
)
model.fit(
    scaler.transform(x_train),
    y_train,
    batch_size=32,
    epochs=200,
    validation_data=(scaler.transform(x_test), y_test),
)
model.save(sys.argv[1])
