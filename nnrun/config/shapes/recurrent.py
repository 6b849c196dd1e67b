"""Recurrent layers."""

from __future__ import annotations

from nnrun.config.shapes.effect import Arguments, Effect, NotKnownError, Shape, channels_of, take


def recurrent(arguments: Arguments, shape: Shape, gates: int) -> Effect:
    """`(steps, features)` becomes `(units,)`, or `(steps, units)` with `return_sequences`.

    Args:
        arguments: Of the layer.
        shape: Of its input.
        gates: How many matrices the cell has: 1 for SimpleRNN, 3 for GRU, 4 for LSTM.
    """
    features, units = channels_of(take(shape, 2)), arguments.integer("units")
    for option in ("return_state", "stateful"):
        if arguments[option]:
            raise NotKnownError(f"it has {option}")
    # With reset_after, a GRU has one bias for the input and one for the state.
    biases = 0 if not arguments["use_bias"] else 2 if arguments["reset_after"] else 1
    weights = gates * units * (features + units + biases)
    return Effect((shape[0], units) if arguments["return_sequences"] else (units,), weights)
