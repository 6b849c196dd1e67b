"""Lists are laid beside each other so that as little as possible differs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nnrun.comparison.alignment import aligned


def cost(one: str, other: str) -> float:
    """Equal letters cost nothing, the same letter in another case 1, other letters are never a pair."""
    return 0.0 if one == other else 1.0 if one.lower() == other.lower() else 3.0


def shown(one: str, other: str) -> str:
    """Writes an alignment as `a=a -b +c`."""
    parts = []
    for left, right in aligned(one, other, cost):
        if left is None:
            parts.append(f"+{other[right or 0]}")
        else:
            parts.append(f"-{one[left]}" if right is None else f"{one[left]}={other[right]}")
    return " ".join(parts)


def test_an_inserted_item_moves_nothing_else() -> None:
    """What was put in, taken out or changed is found, at the beginning, in the middle and at the end."""
    assert shown("ab", "axb") == "a=a +x b=b"
    assert shown("axb", "ab") == "a=a -x b=b"
    assert shown("ab", "xab") == "+x a=a b=b"
    assert shown("ab", "abx") == "a=a b=b +x"
    assert shown("abc", "aBc") == "a=a b=B c=c"
    assert shown("abc", "aBxc") == "a=a b=B +x c=c"
    assert shown("", "ab") == "+a +b"
    assert shown("", "") == ""


letters = st.text("abAB", max_size=8)


@given(letters, letters)
def test_every_item_is_there_once_and_in_order(one: str, other: str) -> None:
    """Nothing gets lost or changes its place."""
    pairs = aligned(one, other, cost)
    assert [left for left, _ in pairs if left is not None] == list(range(len(one)))
    assert [right for _, right in pairs if right is not None] == list(range(len(other)))


@given(letters, letters)
def test_no_other_alignment_costs_less(one: str, other: str) -> None:
    """The same as the plainest way to compute it."""

    def least(left: str, right: str) -> float:
        if not left or not right:
            return len(left) + len(right)
        return min(
            cost(left[0], right[0]) + least(left[1:], right[1:]),
            1 + least(left[1:], right),
            1 + least(left, right[1:]),
        )

    total = sum(
        1.0 if left is None or right is None else cost(one[left], other[right])
        for left, right in aligned(one, other, cost)
    )
    assert total == least(one[:5], other[:5]) or len(one) > 5 or len(other) > 5
