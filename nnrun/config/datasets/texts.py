"""Texts: `source: text`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnrun.config.datasets.common import DatasetSection
from nnrun.config.datasets.files import FileSection
from nnrun.config.sections import Count

MAX_TOKENS = 20_000
"""Size of a vocabulary where the config does not say."""

SEQUENCE_LENGTH = 200
"""Tokens per text where the config does not say."""

Standardize = Literal["lower_and_strip_punctuation", "lower", "strip_punctuation", "none"]

Tokenize = Literal["whitespace", "character"]

Output = Literal["int", "multi_hot", "count", "tf_idf"]


class TextFile(FileSection):
    """A folder, a table, or an archive of one: the texts to train on, or those of a split that has its own."""

    inside: str | None = None
    """Of an archive, the folder or table in it; by default the only one, if need be in an only folder."""


class TextData(TextFile, DatasetSection):
    """Texts with their classes or values: a folder of `.txt` files per class, or a table with a column of texts.

    The words of the training split become the vocabulary, as Keras's `TextVectorization` does it.
    """

    source: Literal["text"]
    """Where the data come from."""

    text: str | int | None = None
    """Of a table, the column with the texts; by name, or by number from 0 where it has no header."""

    target: str | int | None = None
    """Of a table, the column to predict; by name, or by number from 0 where it has no header."""

    header: bool = True
    """Whether the first row of a table holds the names of the columns."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    """Of a table, the character between two fields; by default a tab for `.tsv` and `.tab`, else a comma."""

    quoting: Literal["csv", "none"] | None = None
    """Whether double quotes enclose fields of a table (`csv`) or are part of the text (`none`).

    By default `none` where a tab divides the fields, else `csv`.
    """

    exclude: list[str] = Field(default_factory=list)
    """Folders of classes to leave out."""

    max_tokens: Annotated[int, Field(ge=3)] | None = None
    """Size of the vocabulary at most, padding and `[UNK]` included; by default 20,000."""

    sequence_length: Count | None = None
    """Tokens per text: longer texts lose their end, shorter ones get zeros at the end; by default 200."""

    standardize: Standardize = "lower_and_strip_punctuation"
    """What happens to a text before it is split; it concerns letters and punctuation of ASCII."""

    tokenize: Tokenize = "whitespace"
    """What a token is: what stands between whitespace, or a character."""

    ngrams: Annotated[int, Field(ge=1, le=10)] = 1
    """Runs of up to so many tokens are tokens too."""

    output: Output = "int"
    """What the network sees of a text: the sequence of its token numbers, or one number per token of the vocabulary.

    That number is 1 where the text has the token (`multi_hot`), how often it has it (`count`), or this times the
    token's inverse document frequency (`tf_idf`).
    """

    validation: TextFile | None = None
    """A folder or table of its own for the validation split."""

    test: TextFile | None = None
    """A folder or table of its own for the test split."""
