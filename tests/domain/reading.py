"""What the reader's tests share: the signed lexicons and our own corpus."""

import csv
import tomllib
from functools import cache
from pathlib import Path

from backend.domain.reading.languages import Languages, read_languages
from backend.domain.reading.lexicon import Lexicon, build_lexicon
from backend.domain.screening import Screen

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT / "tests" / "corpus"
LANGUAGES = ("en", "es")


@cache
def lexicon(language: str) -> Lexicon:
    files = sorted((PROJECT / "config" / "lexicon" / language).glob("*.toml"))
    return build_lexicon(language, *(tomllib.loads(file.read_text(encoding="utf-8")) for file in files))


@cache
def screen() -> Screen:
    return Screen([lexicon(language) for language in LANGUAGES], languages())


@cache
def languages() -> Languages:
    return read_languages(tomllib.loads((PROJECT / "config" / "languages.toml").read_text(encoding="utf-8")))


def rows(name: str) -> list[dict[str, str]]:
    with (CORPUS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
