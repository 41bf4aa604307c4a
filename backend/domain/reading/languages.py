"""Whether a text in Latin letters is neither English nor Spanish, and its likeliest language, from its commonest words.

No library tells languages apart in texts of three to fifteen words, and unknown words alone say nothing (names, drugs,
slang). So a text is foreign only on evidence: words of one foreign language outweigh the English and Spanish ones.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from backend.domain.reading.rules import text

_PLAIN = re.compile(r"[a-z0-9]+")
_FEWEST = 2  # a lone "ciao" is courtesy, not a language
_PASSAGE = 4  # so many more foreign words than others in a row are a sentence of their own, whatever stands around it
_TELLING = 4  # letters; shorter words stand by chance in names and slang
_SENTENCE = 3  # words
_FRONT_RUNNERS = 4  # languages looked at, at most: what bounds the time for a text of many languages' words
_OPTIONAL = ("vital", "shared")


@dataclass(frozen=True, slots=True)
class _Language:
    """`words` are its own; `shared` are English or Spanish too and so speak neither for nor against it."""

    name: str
    words: frozenset[str]
    vital: frozenset[str]
    shared: frozenset[str]


class Languages:
    """Tells whether a text is foreign. Built by `read_languages`.

    It takes time linear in the number of words, nearly always one look-up a word, and does not raise on any words.
    """

    def __init__(self, home: AbstractSet[str], languages: Sequence[_Language]) -> None:
        self._home = frozenset(home)
        self._languages = tuple(languages)
        self._spoken: dict[str, list[int]] = {}
        for at, language in enumerate(languages):
            for word in language.words:
                self._spoken.setdefault(word, []).append(at)

    def foreign(self, words: Sequence[str]) -> str | None:
        """The name of the likeliest language of a foreign text; `None` for English, Spanish, a mixture or a doubt.

        `words` are the text's, in order, in plain lower-case letters, apostrophes closed up ("jai" for "j'ai") and
        spelling left as it was. A foreign sentence of four such words or more is found in the midst of English ones.
        """
        spoken = self._spoken
        heard = {word for word in words if word in spoken}
        if not heard:
            return None
        likeliest = self._likeliest_first(heard, words)
        return next((language.name for language in likeliest if self._is_in(language, heard, words)), None)

    def _likeliest_first(self, heard: AbstractSet[str], words: Sequence[str]) -> list[_Language]:
        """By how many of its own words are heard; shared words decide between equals, then the order of the file.

        Languages of one word heard are left out where another has more, and all but a few front runners.
        """
        counts: dict[int, int] = {}
        for word in heard:
            for at in self._spoken[word]:
                counts[at] = counts.get(at, 0) + 1
        fewest = min(max(counts.values()), _FEWEST)
        found = [at for at, count in counts.items() if count >= fewest]
        if len(found) > 1:
            distinct = set(words)
            found.sort(key=lambda at: (-counts[at], -len(distinct & self._languages[at].shared), at))
        return [self._languages[at] for at in found[:_FRONT_RUNNERS]]

    def _is_in(self, language: _Language, heard: AbstractSet[str], words: Sequence[str]) -> bool:
        own = heard & language.words
        return self._outweighs(language, words) if len(own) >= _FEWEST else self._is_enough(own, language, words)

    def _outweighs(self, language: _Language, words: Sequence[str]) -> bool:
        own, vital, shared, home = language.words, language.vital, language.shared, self._home
        weights = [
            (2 if word in vital else 1) if word in own else -1 if word in home and word not in shared else 0
            for word in words
        ]
        return sum(weights) > 0 or _heaviest(weights) >= _PASSAGE

    def _is_enough(self, own: AbstractSet[str], language: _Language, words: Sequence[str]) -> bool:
        """One word is enough, where no English or Spanish stands beside it, if it is vital or part of a sentence.

        A sentence has words not known here at all: "c'est la vie" or "no quero nada" alone are no sign of French or
        Portuguese.
        """
        vital = not language.vital.isdisjoint(own)
        if not vital and (len(words) < _SENTENCE or all(len(word) < _TELLING for word in own)):
            return False
        strange = [word for word in words if word not in own and word not in language.shared]
        return (vital or bool(strange)) and self._home.isdisjoint(strange)


def _heaviest(weights: Iterable[int]) -> int:
    """The largest sum of neighbouring weights; more of them before or after can only make it larger."""
    held = heaviest = 0
    for weight in weights:
        held = max(held + weight, 0)
        heaviest = max(heaviest, held)
    return heaviest


def read_languages(document: Mapping[str, object]) -> Languages:
    """The languages in `document` (a parsed TOML file). Raises `ValueError` naming every fault at once."""
    faults: list[str] = []
    home_table = document.get("home")
    if not isinstance(home_table, Mapping):
        faults.append("home must be a table")
        home_table = {}
    home = frozenset(word for key in ("english", "spanish") for word in _words(home_table, key, faults, "home"))
    languages = _read_languages(document.get("language"), faults)
    faults += [fault for language in languages for fault in _overlaps(language, home)]
    faults += [f"language {n!r}: named twice" for n, count in Counter(x.name for x in languages).items() if count > 1]
    if faults:
        raise ValueError("\n".join(faults))
    return Languages(home, languages)


def _read_languages(tables: object, faults: list[str]) -> list[_Language]:
    if not isinstance(tables, list) or not tables or not all(isinstance(table, Mapping) for table in tables):
        faults.append("language must be a list of tables")
        return []
    return [_read_language(table, at, faults) for at, table in enumerate(tables, start=1)]


def _read_language(table: Mapping[str, object], number: int, faults: list[str]) -> _Language:
    where = f"language {table.get('name', f'number {number}')!r}"
    vital = _words(table, "vital", faults, where)
    return _Language(
        name=text(table, "name", faults, where),
        words=_words(table, "words", faults, where) | vital,
        vital=vital,
        shared=_words(table, "shared", faults, where),
    )


def _words(table: Mapping[str, object], key: str, faults: list[str], where: str) -> frozenset[str]:
    """The words of a text, in any number of lines; only `words`, `english` and `spanish` must be there."""
    if key not in table and key in _OPTIONAL:
        return frozenset()
    listed = text(table, key, faults, where).split()
    faults += [
        f"{where}: {key}: {word!r} is not in plain lower-case letters" for word in listed if not _PLAIN.fullmatch(word)
    ]
    faults += [f"{where}: {key}: {word!r} is listed twice" for word, count in Counter(listed).items() if count > 1]
    return frozenset(listed)


def _overlaps(language: _Language, home: AbstractSet[str]) -> Iterable[str]:
    where = f"language {language.name!r}"
    for word in sorted(language.words & home):
        yield f"{where}: {word!r} is English or Spanish too, so it belongs under shared"
    for word in sorted(language.shared - home):
        yield f"{where}: shared: {word!r} is under neither english nor spanish"
