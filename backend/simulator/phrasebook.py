"""Which of the fixed texts somebody has before them: patients know them by their words, whatever the clinic."""

import re
import string
from functools import cache, lru_cache

from backend.domain.texts import Texts


class Phrasebook:
    """The name of each text as it is written in a country and a language, found by its words."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._forms = cache(self._read_forms)
        self.name_of = lru_cache(maxsize=4096)(self._name_of)

    def _name_of(self, body: str, country: str, language: str) -> str:
        """`ask_pain`, `crisis` and so on; "" for words that somebody wrote by hand."""
        return next((name for name, form in self._forms(country, language) if form.fullmatch(body)), "")

    def _read_forms(self, country: str, language: str) -> list[tuple[str, re.Pattern[str]]]:
        named = self._texts.templates(country, language)
        return [(name, re.compile(_form(template))) for name, template in named.items()]


def _form(template: str) -> str:
    parts = string.Formatter().parse(template)
    return "".join(re.escape(words) + (".+?" if field is not None else "") for words, field, _, _ in parts)
