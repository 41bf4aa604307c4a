"""Texts as typed become plain words that know their place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.reading.normalise import _MOST_FOLDED, PAUSE, _Folding, fold, read_words
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
        ("k.1.l.l", ["kill"]),
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


@pytest.mark.parametrize(
    ("character", "plain"),
    [
        ("\u200b", ""),
        ("é", "e"),
        ("а", "a"),
        ("ß", "ss"),
        ("ι", "i"),
        ("텐", "jq"),
        ("我", "jq"),
        ("ก", "jq"),
        ("７", "7"),
        ("٣", "3"),
        ("½", "1/2"),
        ("㎡", "m"),
        ("💊", " :pill: "),
        ("☎", " :telephone: "),
    ],
)
def test_each_character_becomes_what_it_looks_like(character: str, plain: str) -> None:
    assert _Folding()[character] == plain


def test_a_character_is_folded_once_and_no_more_than_so_many_are_remembered() -> None:
    folding = _Folding()
    for number in range(0x4E00, 0x4E00 + 2 * _MOST_FOLDED):
        folding[chr(number)]
    assert len(folding) == _MOST_FOLDED
    assert folding["é"] == "e"


def test_a_word_spelled_letter_by_letter_is_read_if_it_is_one_we_know() -> None:
    assert words("k i l l, m y s e l f, x y z") == ["kill", PAUSE, "myself", PAUSE, "x", "y", "z"]


def test_what_runs_on_is_taken_apart_if_it_is_merely_joined_and_else_left_whole() -> None:
    joined = read_words("i " + "kill-myself." * 20, SPELLER.known, SPELLER)
    assert [word.text for word in joined if word.text != PAUSE] == ["i", *["kill", "myself"] * 20]
    assert [joined[1].start, joined[1].end] == [2, 6]
    disguised = read_words("i " + "d!e@" * 40 + "x", SPELLER.known, SPELLER)
    assert [(word.start, word.end) for word in disguised] == [(0, 1), (2, 163)]


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
