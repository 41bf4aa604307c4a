"""Words that matter are mended at one slip, and everything else is left as it was typed."""

import pytest

from backend.domain.reading.spelling import Speller

KEY_WORDS = {"myself", "suicide", "alive", "kill", "die"}
KNOWN = KEY_WORDS | {"i", "to", "go", "want", "killing", "killed", "diet", "too", "still"}
SPELLER = Speller(KNOWN, KEY_WORDS)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("killlll", ["kill"]),
        ("killiiing", ["killing"]),
        ("suuuiicide", ["suicide"]),
        ("k1ll", ["kill"]),
        ("k1lllll", ["kill"]),
        ("aliv", ["alive"]),
        ("alivve", ["alive"]),
        ("mxyself", ["myself"]),
        ("mysefl", ["myself"]),
        ("suicied", ["suicide"]),
        ("killmyself", ["kill", "myself"]),
        ("iwanttodie", ["i", "want", "to", "die"]),
        ("godie", ["godie"]),
        ("togodie", ["to", "go", "die"]),
    ],
)
def test_it_mends_a_word_that_matters(typed: str, read: list[str]) -> None:
    assert list(SPELLER(typed)) == read


@pytest.mark.parametrize("typed", ["70", "5", "ali", "xmyself", "nyself", "mself1self", "dietdiet", "wanttogo", "kil"])
def test_it_leaves_any_other_word_as_it_was_typed(typed: str) -> None:
    assert list(SPELLER(typed)) == [typed]


def test_among_words_as_near_as_each_other_the_first_in_the_alphabet_counts() -> None:
    assert list(Speller({"alike", "alive"}, {"alike", "alive"})("alixe")) == ["alike"]
