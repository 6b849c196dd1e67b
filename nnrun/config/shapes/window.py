"""How a window (a kernel, a pool) that moves over an input changes its sizes."""

from __future__ import annotations

from nnrun.config.shapes.effect import MisfitError, Shape


def slide(
    sizes: Shape, window: tuple[int, ...], strides: tuple[int, ...], padding: str, argument: str
) -> Shape:
    """Returns how many places a window has in each dimension.

    Args:
        sizes: Of the input, without its channels.
        window: How far the window reaches in each dimension.
        strides: How far it moves.
        padding: `valid`: it stays inside. `same`, `causal`: zeros are put around.
        argument: The argument that says how large the window is.

    Raises:
        MisfitError: It does not fit in even once.
    """
    if padding != "valid":
        return tuple(
            None if size is None else (size - 1) // stride + 1
            for size, stride in zip(sizes, strides, strict=True)
        )
    if any(size is not None and size < reach for size, reach in zip(sizes, window, strict=True)):
        name = "kernel" if argument == "kernel_size" else "pool"
        raise MisfitError(
            f"at least {by(window)} for its {name}",
            f"only {by(sizes)}",
            argument=argument,
            hint=f"write padding: same, or a smaller {argument}, or shrink its input less before",
        )
    return tuple(
        None if size is None else (size - reach) // stride + 1
        for size, reach, stride in zip(sizes, window, strides, strict=True)
    )


def by(sizes: Shape) -> str:
    """Returns sizes as people say them: `3 x 3`."""
    return " x ".join("any" if size is None else str(size) for size in sizes)
