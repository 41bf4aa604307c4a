"""Our own sentences, a thousand and more, gate the reader: what it finds, what it lets be, and how urgent it takes it.

`concerns.csv` is exact (see test_screening). The other files were written by people who had not seen the rules, in
`blind/` to measure and in `practice/` to learn from; no reader gets all of them right, so each file has a floor that
today's reader just keeps. A floor may rise and must not fall.
"""

import csv
from functools import cache
from pathlib import Path

import pytest

from benchmarks.accuracy import Accuracy
from tests.domain.reading import CORPUS, LANGUAGES, lexicon, screen

Row = dict[str, str]

FOUND: dict[str, float] = {}
"""Crisis replies where one is due, at least: by file, per cent."""

FALSE: dict[str, float] = {}
"""Crisis replies where none is due, at most: by file, per cent."""

AT_LEVEL: dict[str, float] = {}
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


def test_the_corpus_folder_holds_nothing_but_sentences() -> None:
    assert all(path.suffix == ".csv" for path in Path(CORPUS).rglob("*") if path.is_file())
