"""The networks of `epochs.py` in PyTorch, trained by the eager loop that its tutorials teach.

Started by `epochs.py --torch`. Reads arrays from a file, then a number of epochs per line of stdin, and prints the
seconds of each of these epochs.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import torch
from torch import nn


class Last(nn.Module):
    """The last output of a recurrent layer."""

    def forward(self, outputs: tuple[torch.Tensor, object]) -> torch.Tensor:
        return outputs[0][:, -1]


class Mean(nn.Module):
    """The mean over a sequence."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=1)


class ChannelsFirst(nn.Module):
    """Images as PyTorch wants them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 3, 1, 2)


def network(name: str) -> nn.Module:
    """Returns the layers of a config."""
    if name.startswith("iris_softmax"):
        return nn.Linear(4, 3)
    if name == "iris_mlp":
        return nn.Sequential(nn.Linear(4, 16), nn.Sigmoid(), nn.Linear(16, 3))
    if name == "moons_mlp":
        return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
    if name == "mnist_mlp":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    if name == "mnist_mlp_dropout":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 10)
        )
    if name == "mnist_conv":
        return nn.Sequential(
            ChannelsFirst(), nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(21632, 10)
        )
    if name == "mnist_convnet":
        first = [nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)]
        second = [nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
        dense = [
            nn.Linear(3136, 1024),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(1024, 256),
            nn.ReLU(),
            nn.Dropout(0.5),
        ]
        return nn.Sequential(ChannelsFirst(), *first, *second, *dense, nn.Linear(256, 10))
    if name == "lstm":
        return nn.Sequential(nn.Flatten(2), nn.LSTM(8, 64, batch_first=True), Last(), nn.Linear(64, 10))
    if name == "text":
        return nn.Sequential(nn.Embedding(5000, 32), Mean(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
    sys.exit(f"no PyTorch network for {name}")


def optimizer(name: str, model: nn.Module) -> torch.optim.Optimizer:
    """Returns the optimizer of a config."""
    if name.startswith("iris_softmax"):
        return torch.optim.SGD(model.parameters(), lr=0.01)
    if name in ("moons_mlp", "mnist_conv", "mnist_convnet"):
        return torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-7)
    if name.startswith("mnist_mlp"):
        return torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    return torch.optim.Adam(model.parameters(), eps=1e-7)


class Training:
    """One network and its data."""

    def __init__(self, name: str, arrays: dict[str, np.ndarray], batch_size: int) -> None:
        torch.manual_seed(0)
        self.model = network(name)
        self.optimizer = optimizer(name, self.model)
        self.batch_size = batch_size
        self.data = {key: torch.from_numpy(array) for key, array in arrays.items()}
        self.binary = arrays["y"].ndim == 2
        self.loss = nn.BCEWithLogitsLoss() if self.binary else nn.CrossEntropyLoss()

    def _correct(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return ((output > 0) == (y > 0.5)).sum() if self.binary else (output.argmax(dim=1) == y).sum()

    def epoch(self) -> None:
        """Trains one epoch, with loss and accuracy, and validates."""
        x, y = self.data["x"], self.data["y"]
        total, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        self.model.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x), self.batch_size):
            chosen = order[start : start + self.batch_size]
            self.optimizer.zero_grad()
            output = self.model(x[chosen])
            loss = self.loss(output, y[chosen])
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(chosen)
            correct += self._correct(output.detach(), y[chosen])
        total.item(), correct.item()
        if "x_validation" in self.data:
            self._validate(self.data["x_validation"], self.data["y_validation"])

    def _validate(self, x: torch.Tensor, y: torch.Tensor) -> None:
        total, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        self.model.eval()
        with torch.no_grad():
            for start in range(0, len(x), self.batch_size):
                batch = y[start : start + self.batch_size]
                output = self.model(x[start : start + self.batch_size])
                total += self.loss(output, batch) * len(batch)
                correct += self._correct(output, batch)
        total.item(), correct.item()


def main() -> None:
    """Trains as many epochs as each line of stdin says."""
    name, file, batch_size = sys.argv[1:]
    with np.load(file) as arrays:
        training = Training(name, dict(arrays), int(batch_size))
    training.epoch()
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            started = time.perf_counter()
            training.epoch()
            times.append(time.perf_counter() - started)
        print(*times, flush=True)


if __name__ == "__main__":
    main()
