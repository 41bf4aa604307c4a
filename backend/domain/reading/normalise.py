"""Plain lower-case words out of a text as people type it, each still knowing where it stands in the text as sent."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, count, repeat
from typing import NamedTuple

from anyascii import anyascii

# `!` and `|` stand for i more often than for l ("d!e"); `1` likewise ("k1ll", "su1cide").
_LEET = str.maketrans(
    {"1": "i", "!": "i", "|": "i", "0": "o", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t"}
)
_LOOK_LIKE_OURS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "MODIFIER LETTER")
_UNREADABLE = "jq"
_LETTERS = frozenset({"Ll", "Lm", "Lo", "Lt", "Lu", "Cn"})  # Cn: letters newer than this Python
_NO_FIGURES = str.maketrans("", "", "0123456789")
_DISGUISE = re.compile(r"[^a-z0-9]+")
_LETTER_BY_LETTER = re.compile(r"\b[a-z]\b[^a-z0-9]+[a-z]\b[^a-z0-9]+[a-z]\b")
_FIGURES = re.compile(r"[^a-z]*")
_JOINED = re.compile(r"[a-z0-9'.!/-]+")  # of words merely joined; other signs disguise them
_LONGEST_WORD = 48
_LONGEST_PIECE = 120
_SPELLED_OUT = 3
_MOST_FOLDED = 4096
PAUSE, LINE_END = ",", "\n"

# Every alternative is a run of disjoint classes: linear on any text.
_PIECES = re.compile(
    r"(?P<emoji>:[a-z][a-z0-9_]{1,40}:)"
    r"|(?P<mixed>[a-z0-9]++(?:['*!@$._|+/\-]{1,3}[a-z0-9]++)+|[$@!|][a-z0-9]++)"
    r"|(?P<word>[a-z0-9]++)"
    r"|(?P<pause>\.\.+|[,;:()\[\]\n/\-]+)"
    r"|(?P<stop>[.!?]+)"
)
_INSIDE = re.compile(r"(?P<word>[a-z0-9]+(?:'+[a-z]+)*)|(?P<pause>\.\.+|[-/])|(?P<stop>[.!?]+)")


class Word(NamedTuple):
    """One word as it is matched, or `PAUSE` or `LINE_END` for signs; `start` and `end` index the text as sent."""

    text: str
    start: int
    end: int
    sentence: int


Repair = Callable[[str], Sequence[str]]


class _Folding(dict[str, str]):
    """Each character in plain letters: look-alikes, accents and widths go; an emoji becomes its name (" :pill: ").

    Letters that look like none of ours stand as a word that nobody knows, lest their sound be taken for a word of ours
    (a Korean syllable for "ten"); and what is no figure becomes none.
    """

    def __missing__(self, character: str) -> str:
        usual = unicodedata.normalize("NFKC", character)
        plain = anyascii(usual).lower()
        if plain.startswith(":") and len(plain) > 1:
            plain = f" {plain} "
        elif not unicodedata.category(character).startswith("N"):
            plain = _UNREADABLE if _is_foreign(usual[0]) else plain.translate(_NO_FIGURES)
        if len(self) < _MOST_FOLDED:
            self[character] = plain
        return plain


def _is_foreign(letter: str) -> bool:
    return unicodedata.category(letter) in _LETTERS and not unicodedata.name(letter, "").startswith(_LOOK_LIKE_OURS)


_FOLDING = _Folding()


Folded = tuple[str, Sequence[int]]


@lru_cache(maxsize=1)  # the same text is folded twice in a row: to be screened, then to be read
def fold(text: str) -> Folded:
    """The text in plain lower-case ASCII, and for each of its characters the place it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    pieces = list(map(_FOLDING.__getitem__, text))
    return "".join(pieces), list(chain.from_iterable(map(repeat, count(), map(len, pieces))))


def unleet(word: str) -> str:
    return _DISGUISE.sub("", word.translate(_LEET))


@lru_cache(maxsize=2048)
def _undisguised(piece: str) -> tuple[str, str]:
    return unleet(piece), _DISGUISE.sub("", piece)


class _Reader:
    """Walks the folded text once, marks its pauses and numbers its sentences."""

    def __init__(self, text: str, known: frozenset[str], repair: Repair) -> None:
        self._folded, self._places = fold(text)
        self._known = known
        self._repair = repair
        self._sentence = 0

    def read(self) -> list[Word]:
        """As `_piece`, with the plain known word, which is nearly every one, dealt with on the spot."""
        words: list[Word] = []
        places, known = self._places, self._known
        as_sent = isinstance(places, range)
        new = tuple.__new__  # what `Word(...)` comes to, in a third of the time
        for piece in _PIECES.finditer(self._folded):
            text = piece.group()
            if "'" in text:
                text = text.replace("'", "")
            if text in known:
                start, end = piece.span()
                if not as_sent:
                    start, end = places[start], places[end - 1] + 1
                words.append(new(Word, (text, start, end, self._sentence)))
            else:
                words += self._piece(piece, 0)
        return words

    def _piece(self, piece: re.Match[str], offset: int) -> Iterable[Word]:
        kind, start, end = piece.lastgroup, offset + piece.start(), offset + piece.end()
        if kind == "pause":
            return (self._word(LINE_END if "\n" in piece.group() else PAUSE, start, end),)
        if kind == "stop":
            self._sentence += 1
            return ()
        if kind == "mixed":
            return self._mixed(piece.group(), start)
        return self._words(piece.group().replace("'", ""), start, end)

    def _mixed(self, piece: str, start: int) -> Iterable[Word]:
        """Signs inside a word hide it ("d!e", "k.i.l.l", "su*cide") or merely join two ("alone.I", "and/or")."""
        if _FIGURES.fullmatch(piece):
            return self._parts(piece, start)
        if len(piece) > _LONGEST_PIECE:
            return (
                self._parts(piece, start) if _JOINED.fullmatch(piece) else self._words(piece, start, start + len(piece))
            )
        for guess in _undisguised(piece):
            if guess in self._known:
                return (self._word(guess, start, start + len(piece)),)
        if all(part in self._known for part in _DISGUISE.split(piece)):
            return self._parts(piece, start)
        for guess in _undisguised(piece):
            mended = self._repair(guess)
            if all(part in self._known for part in mended):
                return [self._word(part, start, start + len(piece)) for part in mended]
        return self._parts(piece, start)

    def _parts(self, piece: str, start: int) -> list[Word]:
        return [word for part in _INSIDE.finditer(piece) for word in self._piece(part, start)]

    def _words(self, piece: str, start: int, end: int) -> Iterator[Word]:
        if piece in self._known or len(piece) > _LONGEST_WORD:
            yield self._word(piece, start, end)
            return
        for part in self._repair(piece):
            yield self._word(part, start, end)

    def _word(self, word: str, start: int, end: int) -> Word:
        places = self._places
        return Word(word, places[start], places[end - 1] + 1, self._sentence)


def _join_spelled_out(words: list[Word], known: frozenset[str], repair: Repair) -> list[Word]:
    """A word spelled letter by letter ("k i l l myself") becomes one word, if it is one we know."""
    joined: list[Word] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and _is_letter(words[end]) and words[end].sentence == words[at].sentence:
            end += 1
        if end - at < _SPELLED_OUT:
            joined.extend(words[at : max(end, at + 1)])
            at = max(end, at + 1)
            continue
        joined.extend(_spelled(words[at:end], known, repair))
        at = end
    return joined


def _is_letter(word: Word) -> bool:
    return len(word.text) == 1 and word.text.isalpha()


def _spelled(letters: list[Word], known: frozenset[str], repair: Repair) -> list[Word]:
    first, last = letters[0], letters[-1]
    whole = "".join(letter.text for letter in letters[:_LONGEST_WORD])
    parts = [whole] if whole in known else list(repair(whole))
    if len(letters) > _LONGEST_WORD or any(part not in known for part in parts):
        return letters
    return [Word(part, first.start, last.end, last.sentence) for part in parts]


def read_words(text: str, known: frozenset[str], repair: Repair) -> list[Word]:
    """The words of a text in reading order. `known` are words to leave alone; `repair` mends or splits any other."""
    words = _Reader(text, known, repair).read()
    return _join_spelled_out(words, known, repair) if _LETTER_BY_LETTER.search(fold(text)[0]) else words
