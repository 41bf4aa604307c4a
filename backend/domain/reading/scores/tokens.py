"""Cuts a folded text into words, numbers and signs, each still knowing where it stands in the text as sent."""

import re
from collections.abc import Callable, Iterable

from backend.domain.reading.normalise import Folded

HALF = "\x01"
"""Stands for "½", which would otherwise fold to "1/2" and glue itself to the number before it ("7½")."""

# Every alternative is a run of disjoint classes, so cutting is linear. A number with letters on it is one opaque word
# ("50mg", "7pm", "b4", "2day") unless the letters are a name, a hedge or a joiner ("m7p3", "7ish", "7and3").
_TOKEN = re.compile(
    r"[a-z_]++(?![0-9'])"
    r"|[^\sa-z0-9_'<]"
    r"|(?:mood|animo|pain|dolor|[mpd])(?=[0-9])"
    r"|[0-9]++(?:[.,:][0-9]++)*+(?:(?![a-z0-9_'])|(?=(?:ish|mood|animo|pain|dolor|[mp])(?![a-z0-9_'])|[mpd,y&][0-9]|and[0-9]|or[0-9]))"
    r"|</?3++"
    r"|[0-9]++(?:[.,:][0-9]++)*+[a-z0-9_']++"
    r"|(?:and|or|y)(?=[0-9])"
    r"|[a-z_][a-z0-9_']*+"
    r"|\n"
    r"|<"
)
_WITHOUT_COMMAS = re.compile(_TOKEN.pattern.replace("[.,:]", "[.:]"))
_STRETCHED = re.compile(r"(.)\1{2,}")
_LONGEST_STRETCHED = 30
_NOTHING = [""] * 24  # farther than any rule looks ahead; places below nought end here, too


class Tokens:
    """The words, numbers and signs of one text. Apostrophes are dropped: "pain's" is `pains`, "I'd" is `id`."""

    def __init__(self, folded: Folded, *, pattern: re.Pattern[str] = _TOKEN) -> None:
        self._plain, self._places = folded
        self._pattern = pattern
        self._plain_words: list[str] | None = None
        self._found: list[tuple[int, int]] | None = None
        words: list[str] = pattern.findall(self._plain)
        self._say([word.replace("'", "") for word in words] if "'" in self._plain else words)

    def _say(self, words: list[str]) -> None:
        self.words = words
        self.at: Callable[[int], str] = (words + _NOTHING).__getitem__
        """The token at a place; an empty one a little way before the first and after the last."""

    def parted_at_commas(self) -> "Tokens":
        """The same text with "7,3" as two numbers, if it has such a one."""
        if not any("," in word and len(word) > 1 for word in self.words):
            return self
        return Tokens((self._plain, self._places), pattern=_WITHOUT_COMMAS)

    def saying(self, words: list[str]) -> "Tokens":
        """The same text with other words in the same places."""
        other = Tokens((self._plain, self._places))
        other._say(words)
        return other

    def __len__(self) -> int:
        return len(self.words)

    def stretched(self) -> bool:
        """Whether a letter is drawn out anywhere ("sooo")."""
        return _STRETCHED.search(self._plain) is not None

    def plain_words(self) -> list[str]:
        """The tokens that are no signs."""
        if self._plain_words is None:
            self._plain_words = [word for word in self.words if word[:1].isalnum() or word[:1] == "_"]
        return self._plain_words

    def _spans(self) -> list[tuple[int, int]]:
        if self._found is None:
            self._found = [piece.span() for piece in self._pattern.finditer(self._plain)]
        return self._found

    def span(self, at: int, after: int) -> tuple[int, int]:
        """Where these tokens stand in the text as sent."""
        spans = self._spans()
        return (self._places[spans[at][0]], self._places[spans[after - 1][1] - 1] + 1)

    def touch(self, at: int) -> bool:
        """Whether nothing stands between this token and the next one: "-3", not "- 3"."""
        return at + 1 < len(self.words) and self._spans()[at][1] == self._spans()[at + 1][0]


class Phrases:
    """Phrases that are looked for where they begin: by their first word, the longest first. `opens` are those words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[list[str]]] = {}
        for phrase in sorted((phrase.split() for phrase in phrases), key=len, reverse=True):
            self._by_first.setdefault(phrase[0], []).append(phrase)
        self.opens = self._by_first.keys()

    def length(self, tokens: Tokens, at: int) -> int:
        """How many words the longest phrase has that begins at a place of a text; 0 if none does."""
        words = tokens.words
        return next(
            (len(phrase) for phrase in self._by_first.get(tokens.at(at), ()) if words[at : at + len(phrase)] == phrase),
            0,
        )


def is_word(token: str) -> bool:
    """Whether a token is a word or a number, not a sign."""
    return token[:1].isalnum() or token[:1] == "_"


def unstretched(word: str) -> tuple[str, ...]:
    """A drawn-out word in its likely forms: "sevennn" is `sevenn` or `seven`."""
    if len(word) > _LONGEST_STRETCHED or not _STRETCHED.search(word):
        return ()
    return (_STRETCHED.sub(r"\1", word), _STRETCHED.sub(r"\1\1", word))
