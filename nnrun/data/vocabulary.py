"""Texts as numbers: the words of the training split get a number each, by how often they occur.

What becomes of a text is the same as in `keras.layers.TextVectorization`, which a test compares, without loading
TensorFlow: upper case and punctuation of ASCII only, words between ASCII whitespace, the most frequent first and
words that are equally frequent in descending order of their UTF-8 bytes.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnrun.config.datasets.texts import SEQUENCE_LENGTH, Output, Standardize, Tokenize
from nnrun.errors import DataError

PADDING, UNKNOWN = "", "[UNK]"
"""Tokens 0 and 1 of sequences; vectors have no padding, so there `[UNK]` is 0."""

MAX_BYTES = 64 << 20
"""A vocabulary is written into the run as a whole, so its words may take so many bytes together."""

Texts = Sequence[str] | NDArray[Any]

_PUNCTUATION = string.punctuation.encode()


@dataclass(frozen=True, slots=True)
class Vectorization:
    """How texts become numbers: arguments of `TextVectorization`.

    Args:
        max_tokens: Size of the vocabulary at most, padding and `[UNK]` included.
        sequence_length: Tokens per text; only for `int`.
        standardize: What happens to a text before it is split.
        tokenize: What a token is: what stands between whitespace, or a character.
        ngrams: Runs of up to so many tokens are tokens too.
        output: `int` gives the sequence of tokens, the others one number per token of the vocabulary.
    """

    max_tokens: int
    sequence_length: int = SEQUENCE_LENGTH
    standardize: Standardize = "lower_and_strip_punctuation"
    tokenize: Tokenize = "whitespace"
    ngrams: int = 1
    output: Output = "int"

    @property
    def special(self) -> tuple[str, ...]:
        """The tokens before the first one that was found in a text."""
        return (PADDING, UNKNOWN) if self.output == "int" else (UNKNOWN,)

    def tokens(self, text: str) -> list[bytes]:
        """Returns the tokens of a text in UTF-8, those of several words after the single ones."""
        # Bytes, as they know ASCII only: `str` would take letters and spaces of all scripts into account.
        content = text.encode("utf-8", errors="replace")
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            content = content.lower()
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            content = content.translate(None, _PUNCTUATION)
        if self.tokenize == "whitespace":
            words = content.split()
        else:
            words = [character.encode() for character in content.decode()]
        if self.ngrams == 1:
            return words
        return [
            b" ".join(words[start : start + width])
            for width in range(1, self.ngrams + 1)
            for start in range(len(words) - width + 1)
        ]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of some texts a vocabulary keeps.

    Args:
        texts: How many there are.
        tokens: Tokens in all of them.
        unknown: Those of them that the vocabulary does not have.
        empty: Texts without a token.
        cut: Texts that are longer than the sequences, which lose their end.
        longest: Tokens of the longest text.
    """

    texts: int
    tokens: int
    unknown: int
    empty: int
    cut: int
    longest: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens that a network knows; fitted on the training split and part of the run.

    Args:
        how: How texts become tokens, and tokens become numbers.
        words: The tokens without the special ones, the most frequent first.
        weights: What `tf_idf` multiplies the count of each token with, `[UNK]` first; else empty.
    """

    how: Vectorization
    words: tuple[str, ...]
    weights: tuple[float, ...] = ()
    _numbers: dict[bytes, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        first = len(self.how.special)
        numbers = {word.encode(): number for number, word in enumerate(self.words, first)}
        object.__setattr__(self, "_numbers", numbers)

    def __len__(self) -> int:
        """Returns the number of tokens, the special ones included."""
        return len(self.how.special) + len(self.words)

    def apply(self, texts: Texts) -> NDArray[Any]:
        """Returns what the network sees.

        Args:
            texts: The texts.

        Returns:
            Token numbers of shape `(texts, sequence_length)`, int32, with 0 after the end of short texts; or float32
            of shape `(texts, tokens of the vocabulary)`.
        """
        return self._sequences(texts) if self.how.output == "int" else self._vectors(texts)

    def coverage(self, texts: Texts) -> Coverage:
        """Counts what the vocabulary and the length of the sequences leave out of some texts."""
        unknown_number = self.how.special.index(UNKNOWN)
        count = tokens = unknown = empty = cut = longest = 0
        for text in texts:
            numbers = self._numbered(text)
            count += 1
            tokens += len(numbers)
            unknown += numbers.count(unknown_number)
            empty += not numbers
            cut += self.how.output == "int" and len(numbers) > self.how.sequence_length
            longest = max(longest, len(numbers))
        return Coverage(count, tokens, unknown, empty, cut, longest)

    def _numbered(self, text: str) -> list[int]:
        unknown = self.how.special.index(UNKNOWN)
        number = self._numbers.get
        return [number(token, unknown) for token in self.how.tokens(text)]

    def _sequences(self, texts: Texts) -> NDArray[np.int32]:
        length = self.how.sequence_length
        sequences = np.zeros((len(texts), length), dtype=np.int32)
        for row, text in zip(sequences, texts, strict=True):
            kept = self._numbered(text)[:length]
            row[: len(kept)] = kept
        return sequences

    def _vectors(self, texts: Texts) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), len(self)), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            numbers, counts = np.unique(self._numbered(text), return_counts=True)
            row[numbers.astype(np.int64)] = 1 if self.how.output == "multi_hot" else counts
        if self.how.output == "tf_idf":
            vectors *= np.array(self.weights, dtype=np.float32)
        return vectors

    def to_json(self) -> dict[str, Any]:
        """Returns a JSON object from which `from_json` makes an equal value."""
        return {**asdict(self.how), "words": list(self.words), "weights": list(self.weights)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Vocabulary:
        """Reads what `to_json` wrote."""
        how = {key: item for key, item in value.items() if key not in ("words", "weights")}
        return cls(Vectorization(**how), tuple(value["words"]), tuple(value["weights"]))


def fit_vocabulary(texts: Texts, how: Vectorization) -> Vocabulary:
    """Finds the most frequent tokens of some texts.

    Args:
        texts: The texts of the training split.
        how: How texts become tokens, and how many of them are kept.

    Raises:
        DataError: There is no token in all of them, or those that are kept are too long to be stored.
    """
    counts: Counter[bytes] = Counter()
    containing: Counter[bytes] = Counter()
    for text in texts:
        tokens = how.tokens(text)
        counts.update(tokens)
        if how.output == "tf_idf":
            containing.update(set(tokens))
    for special in how.special:
        counts.pop(special.encode(), None)
    ranked = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
    kept = ranked[: max(how.max_tokens - len(how.special), 0)]
    if not kept:
        raise DataError(
            "the texts of the training split have no words: there is nothing to learn from",
            "is `dataset.text` the right column, and does `dataset.standardize` leave something of the texts?",
        )
    size = sum(map(len, kept))
    if size > MAX_BYTES:
        raise DataError(
            f"the {len(kept):,} tokens that are kept take {size / 2**20:,.0f} MiB, more than the "
            f"{MAX_BYTES >> 20} MiB that a run stores",
            "lower `dataset.max_tokens` or `dataset.ngrams`; very long words are often no words",
        )
    weights: tuple[float, ...] = ()
    if how.output == "tf_idf":
        weights = _inverse_frequencies([containing[token] for token in kept], len(texts))
    return Vocabulary(how, tuple(token.decode() for token in kept), weights)


def _inverse_frequencies(containing: Sequence[int], texts: int) -> tuple[float, ...]:
    """Returns `log(1 + texts / (1 + texts with the token))` for each token, after their mean for `[UNK]`."""
    weights = np.log1p(texts / (1 + np.array(containing, dtype=np.float64))).astype(np.float32)
    return (float(weights.mean()), *(float(weight) for weight in weights))
