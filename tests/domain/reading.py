"""What the reader's tests share: the signed lexicons and our own corpus."""

import csv
import tomllib
from functools import cache
from pathlib import Path

from backend.domain.reading.lexicon import Lexicon, build_lexicon
from backend.domain.screening import Screen

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = PROJECT / "tests" / "corpus"
LANGUAGES = ("en", "es")


@cache
def lexicon(language: str) -> Lexicon:
    path = PROJECT / "config" / "lexicon" / f"{language}.toml"
    return build_lexicon(language, tomllib.loads(path.read_text(encoding="utf-8")))


@cache
def screen() -> Screen:
    return Screen([lexicon(language) for language in LANGUAGES])


def rows(name: str) -> list[dict[str, str]]:
    with (CORPUS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
