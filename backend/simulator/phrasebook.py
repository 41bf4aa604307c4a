"""Which of the fixed texts somebody has before them: patients know them by their words, whatever the clinic."""

import re
import string
from functools import lru_cache

from backend.domain.texts import Texts


class Phrasebook:
    """The name of each text of a language, found by its words."""

    def __init__(self, texts: Texts) -> None:
        self._forms = {
            language: [(name, re.compile(_form(template))) for name, template in named.items()]
            for language, named in texts.by_language.items()
        }
        self.name_of = lru_cache(maxsize=4096)(self._name_of)

    def _name_of(self, body: str, language: str) -> str:
        """`ask_pain`, `crisis` and so on; "" for words that somebody wrote by hand."""
        forms = self._forms.get(language) or self._forms["en"]
        return next((name for name, form in forms if form.fullmatch(body)), "")


def _form(template: str) -> str:
    parts = string.Formatter().parse(template)
    return "".join(re.escape(words) + (".+?" if field is not None else "") for words, field, _, _ in parts)
