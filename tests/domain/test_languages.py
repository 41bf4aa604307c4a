"""A text in neither English nor Spanish is told as such; names, slang, borrowed words and mixtures are let pass."""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.reading.languages import Languages, read_languages
from backend.domain.reading.normalise import fold
from tests.domain.reading import PROJECT, rows

CORPUS = rows("languages.csv")
OURS = {"English", "Spanish", "mixed"}
FOREIGN = [row for row in CORPUS if row["language"] not in OURS]
AROUND = "i told my sister about it last night and she said that you would know what to do"
_WORD = re.compile(r"[a-z0-9]+(?:'+[a-z0-9]+)*")


@cache
def document() -> dict[str, object]:
    return tomllib.loads((PROJECT / "config" / "languages.toml").read_text(encoding="utf-8"))


@cache
def languages() -> Languages:
    return read_languages(document())


def words(text: str) -> list[str]:
    return [word.replace("'", "") for word in _WORD.findall(fold(text)[0])]


def foreign(text: str) -> str | None:
    return languages().foreign(words(text))


def listed(key: str) -> set[str]:
    tables = document()["language"]
    assert isinstance(tables, list)
    return {word for table in tables for word in table.get(key, "").split()}


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row["text"])
def test_it_tells_our_own_corpus(row: dict[str, str]) -> None:
    """A row whose `expected` gives a reason is read wrongly, and known to be: whoever mends it clears the reason."""
    is_right = (foreign(row["text"]) is None) == (row["language"] in OURS)
    assert is_right is (row["expected"] == "")


def test_the_corpus_is_large_enough_in_every_language() -> None:
    count = {
        language: sum(row["language"] == language for row in CORPUS) for language in {r["language"] for r in CORPUS}
    }
    assert len(count.keys() - OURS) >= 20
    assert all(n >= 12 for n in count.values())
    assert sum(count[language] for language in OURS) >= 80
    assert sum(row["expected"] != "" for row in CORPUS) <= 5


def test_it_names_the_language_nearly_always() -> None:
    """What the nurse is shown; a neighbour's name ("Swedish" for Norwegian) finds the interpreter all the same."""
    named = [(foreign(row["text"]), row["language"]) for row in FOREIGN if foreign(row["text"])]
    assert sum(name == language for name, language in named) >= 0.98 * len(named)


def test_one_word_alone_is_foreign_only_if_vital() -> None:
    vital = listed("vital")
    assert {word for word in listed("words") | vital if languages().foreign([word])} == vital


@pytest.mark.parametrize(
    "text", ["mourir", "morrer", "sterben", "mamatay", "mouri", "chết", "umrzeć", "aiuto", "Hilfe!"]
)
def test_a_vital_word_alone_is_enough(text: str) -> None:
    assert foreign(text)
    assert foreign(f"{text} 8 7")
    assert foreign(f"thank you {text}") is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I was ok this morning. Je veux mourir, je ne peux plus. Sorry about that", "French"),
        ("hola doctora como esta. Eu quero morrer, não aguento mais. gracias", "Portuguese"),
        ("doc I can't sleep, ayoko na po, gusto ko nang mamatay", "Tagalog"),
    ],
)
def test_it_finds_a_foreign_passage_within_a_text(text: str, language: str) -> None:
    assert foreign(text) == language


def test_english_put_around_it_does_not_hide_a_sentence() -> None:
    """But for one of few words of the language's own, the others being English or Spanish words too."""
    sentences = [row["text"] for row in FOREIGN if len(words(row["text"])) >= 8]
    hidden = [text for text in sentences if not foreign(f"{AROUND}. {text}. {AROUND}")]
    assert len(sentences) >= 40
    assert len(hidden) <= 0.03 * len(sentences)


@given(st.lists(st.text(max_size=12) | st.sampled_from(sorted(listed("words") | listed("shared"))), max_size=60))
def test_it_never_raises_and_names_only_known_languages(anything: list[str]) -> None:
    assert languages().foreign(anything) in {None, *(row["language"] for row in FOREIGN)}


@given(st.lists(st.sampled_from(AROUND.split()), max_size=400))
def test_english_is_never_foreign(english: list[str]) -> None:
    assert languages().foreign(english) is None


@given(st.sampled_from(FOREIGN), st.permutations(AROUND.split()))
def test_more_english_never_makes_it_foreign(row: dict[str, str], english: Sequence[str]) -> None:
    text = words(row["text"])
    flagged = [languages().foreign([*text, *english[:n]]) is not None for n in range(len(english))]
    assert all(before or not after for before, after in pairwise(flagged))


def test_it_reads_a_very_long_text() -> None:
    """Linear in the number of words; a quadratic reader would need minutes."""
    assert languages().foreign([*AROUND.split(), "ma", "na", "wala", "eh"] * 10_000) is None
    assert languages().foreign(words(FOREIGN[0]["text"]) * 10_000)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="home: english is missing") as fault:
        read_languages(
            {
                "home": {"spanish": "que de"},
                "language": [
                    {"name": "French", "words": "je Été je que", "shared": "de la"},
                    {"name": "French", "words": "je", "vital": 7},
                    {"words": ""},
                ],
            }
        )
    assert str(fault.value).splitlines() == [
        "home: english is missing",
        "language 'French': words: 'Été' is not in plain lower-case letters",
        "language 'French': words: 'je' is listed twice",
        "language 'French': vital is missing",
        "language 'number 3': name is missing",
        "language 'number 3': words is missing",
        "language 'French': 'que' is English or Spanish too, so it belongs under shared",
        "language 'French': shared: 'la' is under neither english nor spanish",
        "language 'French': named twice",
    ]


@pytest.mark.parametrize("nonsense", [{}, {"home": 1, "language": 2}, {"home": [], "language": []}, {"language": [3]}])
def test_nonsense_is_a_fault(nonsense: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="home must be a table") as fault:
        read_languages(nonsense)
    assert str(fault.value).splitlines()[-1] == "language must be a list of tables"
