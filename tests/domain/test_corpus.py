"""Our own sentences, thousands of them, gate the reader: what it finds, what it lets be, and how urgent it takes it.

`concerns.csv` is exact (see test_screening). The other files were written without sight of the rules, in `blind/` to
measure and in `practice/` to learn from (docs/accuracy.md says what was scored before it was read). No reader gets all
of them right, so each file has a floor that today's reader just keeps. A floor may rise and must not fall.
"""

import csv
from functools import cache

import pytest

from benchmarks.accuracy import Accuracy
from tests.domain.reading import CORPUS, LANGUAGES, lexicon, screen

Row = dict[str, str]

FOUND: dict[str, float] = {
    "blind/other_en": 83,
    "blind/other_es": 84,
    "blind/posts_en": 95,
    "blind/scripts": 98,
    "blind/si_en": 92,
    "blind/si_es": 87,
    "practice/other_en": 100,
    "practice/other_es": 100,
    "practice/posts_en": 97,
    "practice/posts_more_en": 95,
    "practice/si_en": 92,
    "practice/si_en_social": 95,
    "practice/si_es": 97,
    "practice/texts_es": 99,
}
"""Crisis replies where one is due, at least: by file, per cent."""

FALSE: dict[str, float] = {
    "blind/negatives": 11,
    "blind/other_en": 2,
    "blind/other_es": 0,
    "blind/posts_en": 12,
    "practice/fine_en": 1,
    "practice/none_en": 10,
    "practice/none_es": 8,
    "practice/other_en": 1,
    "practice/other_es": 2,
    "practice/posts_more_en": 23,
    "practice/texts_es": 14,
}
"""Crisis replies where none is due, at most: by file, per cent."""

AT_LEVEL: dict[str, float] = {
    "blind/negatives": 87,
    "blind/other_en": 90,
    "blind/other_es": 93,
    "practice/other_en": 100,
    "practice/other_es": 100,
}
"""Concerns as urgent as the row says or more, at least: by file, per cent."""


@cache
def accuracy() -> Accuracy:
    return Accuracy(screen())


def rows(name: str) -> list[Row]:
    with (CORPUS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def due(name: str) -> list[Row]:
    return [row for row in rows(name) if row["expected_reply"] == "crisis"]


def not_due(name: str) -> list[Row]:
    return [row for row in rows(name) if row["expected_reply"] != "crisis"]


def per_cent(part: int, whole: int) -> float:
    return 100 * part / whole


@pytest.mark.parametrize("name", FOUND)
def test_it_finds_who_is_in_danger(name: str) -> None:
    texts = due(name)
    missed = [row["text"] for row in texts if not accuracy().crisis(row["text"])]
    assert per_cent(len(texts) - len(missed), len(texts)) >= FOUND[name], "\n".join(missed)


@pytest.mark.parametrize("name", FALSE)
def test_it_lets_ordinary_words_be(name: str) -> None:
    texts = not_due(name)
    false = [row["text"] for row in texts if accuracy().crisis(row["text"])]
    assert per_cent(len(false), len(texts)) <= FALSE[name], "\n".join(false)


@pytest.mark.parametrize("name", AT_LEVEL)
def test_it_takes_other_concerns_as_seriously_as_they_are(name: str) -> None:
    texts = [row for row in not_due(name) if row["expected_priority"] not in ("any", "none")]
    low = [f"{row['family']}: {row['text']}" for row in texts if not accuracy().at_level(row)]
    assert per_cent(len(texts) - len(low), len(texts)) >= AT_LEVEL[name], "\n".join(low)


def test_every_file_of_the_corpus_has_its_floor() -> None:
    files = {path.relative_to(CORPUS).with_suffix("").as_posix() for path in CORPUS.glob("*/*.csv")}
    assert files == FOUND.keys() | FALSE.keys()
    assert all(rows(name) for name in files)


def test_the_corpus_is_ours_to_gate_with() -> None:
    """At least 600 sentences, both languages, every family that the lexicons know, and hard negatives."""
    texts = [row for name in (*FOUND.keys(), *FALSE.keys(), "concerns") for row in rows(name)]
    assert len({row["text"] for row in texts}) >= 600
    assert {row["lang"] for row in texts} == set(LANGUAGES)
    families = {rule.family for language in LANGUAGES for rule in lexicon(language).rules}
    assert families <= {row["family"] for row in texts}
    assert sum(row["expected_priority"] in ("any", "none") for row in texts) >= 200


def test_no_sentence_stands_twice_in_one_file() -> None:
    for name in (*FOUND, *FALSE):
        texts = [row["text"] for row in rows(name)]
        assert len(texts) == len(set(texts)), name
