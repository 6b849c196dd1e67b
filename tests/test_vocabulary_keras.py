"""Texts become the same numbers as with Keras's `TextVectorization`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnrun.data.vocabulary import Vectorization, Vocabulary, fit_vocabulary
from nnrun.errors import DataError

pytestmark = pytest.mark.tensorflow

KERAS_SPLIT = {"whitespace": "whitespace", "character": "character"}


def vectorized(
    how: Vectorization, fitted: Sequence[str], texts: Sequence[str]
) -> tuple[list[str], NDArray[Any]]:
    """Returns the vocabulary that Keras finds in some texts, and what it makes of others."""
    import keras

    layer = keras.layers.TextVectorization(
        max_tokens=how.max_tokens,
        standardize=None if how.standardize == "none" else how.standardize,
        split=KERAS_SPLIT[how.tokenize],
        ngrams=None if how.ngrams == 1 else how.ngrams,
        output_mode=how.output,
        output_sequence_length=how.sequence_length if how.output == "int" else None,
    )
    layer.adapt(list(fitted))
    return layer.get_vocabulary(), np.asarray(layer(list(texts)))


def assert_equal(vocabulary: Vocabulary, fitted: Sequence[str], texts: Sequence[str]) -> None:
    """Compares words and numbers with those of Keras."""
    words, expected = vectorized(vocabulary.how, fitted, texts)
    assert [*vocabulary.how.special, *vocabulary.words] == words
    found = vocabulary.apply(texts)
    if vocabulary.how.output == "tf_idf":
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    else:
        np.testing.assert_array_equal(found, expected)


OUTPUTS = [
    {"output": "int"},
    {"output": "int", "tokenize": "character", "sequence_length": 80},
    {"output": "int", "standardize": "none"},
    {"output": "int", "standardize": "lower", "ngrams": 2},
    {"output": "multi_hot", "standardize": "strip_punctuation"},
    {"output": "count", "ngrams": 2},
    {"output": "tf_idf"},
    {"output": "tf_idf", "tokenize": "character"},
]


@pytest.mark.parametrize("options", OUTPUTS, ids=lambda options: "-".join(map(str, options.values())))
def test_real_texts_become_the_same_numbers(
    test_data: Callable[[str], Path], options: dict[str, Any]
) -> None:
    """Short messages, with other texts than those that the vocabulary was made from."""
    lines = test_data("text/sms_spam.tsv").read_text(encoding="utf-8").splitlines()
    texts = [line.partition("\t")[2] for line in lines[:1500]]
    how = Vectorization(**{"max_tokens": 700, "sequence_length": 20, **options})
    assert_equal(fit_vocabulary(texts[:1000], how), texts[:1000], texts[1000:])


AWKWARD = st.text(
    st.one_of(
        st.sampled_from(" \t\n\x0b\x0c\r\x1c\x1f\x85\xa0\u2003\u2028\u3000\ufeff\u200b"),
        st.sampled_from("aAbBÀàßẞIıİσςΣ!?.,'’[]_-0٣"),  # noqa: RUF001 - letters of many scripts
        # NUL is refused in files, and Keras's list of words loses it.
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(["[UNK] [UNK] a", "UNK"], "int", "none", "whitespace", 1)
@given(
    st.lists(AWKWARD, min_size=2, max_size=6),
    st.sampled_from(["int", "multi_hot", "count", "tf_idf"]),
    st.sampled_from(["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]),
    st.sampled_from(["whitespace", "character"]),
    st.integers(1, 3),
)
def test_any_text_becomes_the_same_numbers(
    texts: list[str], output: Any, standardize: Any, tokenize: Any, ngrams: int
) -> None:
    """All of Unicode: spaces that are none for Keras, letters that it does not lower, quotes that it keeps."""
    how = Vectorization(12, 7, standardize, tokenize, ngrams, output)
    fitted = texts[:-1]
    try:
        vocabulary = fit_vocabulary(fitted, how)
    except DataError:
        assert not any(set(how.tokens(text)) - {b"[UNK]"} for text in fitted)
        return
    assert_equal(vocabulary, fitted, texts)
