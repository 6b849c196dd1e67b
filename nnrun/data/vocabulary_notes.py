"""What the user should know about how much of the texts a vocabulary keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnrun.data.vocabulary import Coverage, Texts, Vocabulary


def vocabulary_notes(vocabulary: Vocabulary, splits: Mapping[str, Texts]) -> list[str]:
    """Returns sentences about the words that are not known, and about texts that are cut or have no word.

    Args:
        vocabulary: The vocabulary of the training split.
        splits: The texts of each split by its name, those of the training split first.
    """
    what = "tokens" if vocabulary.how.tokenize == "character" or vocabulary.how.ngrams > 1 else "words"
    notes = [f"the vocabulary has {len(vocabulary.words):,} {what} of the training split"]
    for name, texts in splits.items():
        coverage = vocabulary.coverage(texts)
        about = [*_about(coverage, vocabulary, what)]
        if about:
            count = f"{coverage.texts:,} text{'' if coverage.texts == 1 else 's'}"
            notes.append(f"{name} split, {count}: {'; '.join(about)}")
    return notes


def _about(coverage: Coverage, vocabulary: Vocabulary, what: str) -> Iterator[str]:
    if coverage.unknown:
        yield f"{coverage.unknown / coverage.tokens:.2%} of the {what} are not in the vocabulary"
    if coverage.cut:
        length, one = vocabulary.how.sequence_length, coverage.cut == 1
        yield (
            f"{coverage.cut:,} {'is' if one else 'are'} longer than {length} {what} and "
            f"{'loses its' if one else 'lose their'} end (the longest has {coverage.longest:,})"
        )
    if coverage.empty:
        yield f"{coverage.empty:,} {'has' if coverage.empty == 1 else 'have'} no {what}"
