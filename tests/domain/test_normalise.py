"""Texts as typed become plain words that know their place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.reading.normalise import PAUSE, fold, read_words
from backend.domain.reading.spelling import Speller

KNOWN = frozenset({"i", "want", "to", "die", "kill", "killing", "myself", "suicide", "live", "dont"})
SPELLER = Speller(KNOWN, {"myself", "suicide", "kill", "die"})


def words(text: str) -> list[str]:
    return [word.text for word in read_words(text, SPELLER.known, SPELLER)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DON\u2019T", ["dont"]),
        ("kill myself", ["kill", "myself"]),
        ("k1ll myslef", ["kill", "myself"]),
        ("killmyself", ["kill", "myself"]),
        ("k i l l myself", ["kill", "myself"]),
        ("k.i.l.l", ["kill"]),
        ("d!e", ["die"]),
        ("su*cide", ["suicide"]),
        ("diiiie", ["die"]),
        ("suiicide", ["suicide"]),
        ("live.I", ["live", "i"]),
        ("𝐤𝐢𝐥𝐥", ["kill"]),
        ("kıll", ["kill"]),
        ("k\u200bill", ["kill"]),
        ("💊", [":pill:"]),
        ("$uicide", ["suicide"]),
        ('want to "die"', ["want", "to", "die"]),
        ("a b", ["a", "b"]),
    ],
)
def test_it_reads_words_through_disguise(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize("text", ["skilled", "skill", "will", "diet", "himself", "decide", "sidecar", "5"])
def test_it_leaves_ordinary_words_alone(text: str) -> None:
    assert words(text) == [text]


def test_it_marks_pauses_and_numbers_sentences() -> None:
    read = read_words("I live, dont die. I want", SPELLER.known, SPELLER)
    assert [(word.text, word.sentence) for word in read] == [
        ("i", 0), ("live", 0), (PAUSE, 0), ("dont", 0), ("die", 0), ("i", 1), ("want", 1),
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_every_word_knows_its_place(text: str) -> None:
    for word in read_words(text, SPELLER.known, SPELLER):
        assert 0 <= word.start < word.end <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_folding_keeps_a_place_for_every_character(text: str) -> None:
    folded, places = fold(text)
    assert folded.isascii()
    assert len(places) == len(folded)
    assert list(places) == sorted(places)
