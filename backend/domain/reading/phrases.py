"""Finds many phrases at once in a row of words, in time linear in the number of words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import NamedTuple, TypeVar

_GAP_LIMIT = 6
_SLOT_DEPTH = 6
START, END = "^", "$"
_ANY_OTHER = ""  # stands for every word that is in no phrase
_MOST_MOVES = 100_000

# A phrase is words; `a|b` either; `word?` and `a|b?` may be missing; `@name` a slot (a list of phrases); `~3` up to
# three words of any kind; `^` and `$` the start and end of the sentence. There is no other syntax, so nothing a
# clinician can write makes matching slow.


_Key = TypeVar("_Key")


class Hit(NamedTuple):
    """Phrase `label` stands at `words[start:end]`."""

    label: int
    start: int
    end: int


class _Move(NamedTuple):
    """Where one word leads from a set of states, and the labels of the phrases that end there."""

    to: int
    ended: tuple[int, ...]


class _Moves:
    """The moves worked out so far. They depend on the phrases alone, so what one text taught serves the next."""

    def __init__(self) -> None:
        self.states: list[frozenset[int]] = [frozenset()]
        self.numbers: dict[frozenset[int], int] = {frozenset(): 0}
        self.after: list[dict[str, _Move]] = [{}]
        self.count = 0

    def number(self, states: frozenset[int]) -> int:
        known = self.numbers.get(states)
        if known is None:
            known = self.numbers[states] = len(self.states)
            self.states.append(states)
            self.after.append({})
        return known


class PhraseBook:
    """Built once from phrases, then asked for every hit in a text.

    A small automaton: `_steps[state]` maps a word to the states after it, `_any[state]` the states after any word;
    `_entry[state]` are the words that lead to it (none: any word does) and `_origins[state]` the states before it.
    `longest[label]` is the most words a phrase of that label can span.
    """

    def __init__(self, phrases: Iterable[tuple[int, str]], slots: Mapping[str, Sequence[str]]) -> None:
        self._slots = slots
        # Tuples where sets would do: a set of one number takes 216 bytes, a tuple 48, and there are tens of thousands.
        self._steps: list[dict[str, tuple[int, ...]]] = [{}]
        self._any: dict[int, tuple[int, ...]] = {}
        self._ends: dict[int, tuple[int, ...]] = {}
        self._entry: list[frozenset[str]] = [frozenset()]
        self._origins: list[tuple[int, ...]] = [()]
        self._finals: dict[tuple[int, str], tuple[int, ...]] = {}
        self._depth = [0]
        self.longest: dict[int, int] = {}
        self._made: dict[tuple[frozenset[int], str], set[int]] = {}
        self.vocabulary: set[str] = set()
        self._moves = _Moves()
        self._lock = Lock()
        for label, phrase in phrases:
            for state in self._add(phrase, {0}, 0):
                if state == 0:
                    raise ValueError(f"phrase {phrase!r} would match nothing at all")
                _note(self._ends, state, label)
                self.longest[label] = max(self.longest.get(label, 0), self._depth[state])
                for word in self._entry[state] or (_ANY_OTHER,):
                    _note(self._finals, (label, word), state)
        self._made.clear()

    def _add(self, phrase: str, froms: set[int], depth: int) -> set[int]:
        parts = phrase.split()
        if not parts or depth > _SLOT_DEPTH:
            raise ValueError(f"phrase {phrase!r} is empty or nests too deeply")
        for part in parts:
            froms = self._add_part(part, froms, depth)
        return froms

    def _add_part(self, part: str, froms: set[int], depth: int) -> set[int]:
        """The states after `part`. The same part from the same states is made once, as in a trie."""
        key = (frozenset(froms), part)
        if key not in self._made:
            self._made[key] = (
                self._add_gap(part, froms) if part.startswith("~") else self._add_choice(part, froms, depth)
            )
        return self._made[key]

    def _add_choice(self, part: str, froms: set[int], depth: int) -> set[int]:
        choices = part.removesuffix("?").split("|")
        words = [choice for choice in choices if not choice.startswith("@")]
        reached = set(froms) if part.endswith("?") else set()
        if words:
            reached.add(self._add_words(words, froms))
        for choice in choices:
            if choice.startswith("@"):
                for phrase in self._slot(choice[1:]):
                    reached |= self._add(phrase, froms, depth + 1)
        return reached

    def _slot(self, name: str) -> Sequence[str]:
        if name not in self._slots:
            raise ValueError(f"there is no slot named {name!r}")
        return self._slots[name]

    def _add_gap(self, part: str, froms: set[int]) -> set[int]:
        width = int(part[1:]) if part[1:].isdecimal() else 0
        if not 1 <= width <= _GAP_LIMIT:
            raise ValueError(f"a gap is ~1 to ~{_GAP_LIMIT}, not {part!r}")
        reached = set(froms)
        for _ in range(width):
            state = self._new_state((), froms - {0})
            for origin in froms:
                _note(self._any, origin, state)
            froms = {state}
            reached.add(state)
        return reached

    def _add_words(self, words: Sequence[str], froms: set[int]) -> int:
        self.vocabulary.update(words)
        state = self._new_state(words, froms)
        for origin in froms:
            for word in words:
                _note(self._steps[origin], word, state)
        return state

    def _new_state(self, entry: Iterable[str], origins: Collection[int]) -> int:
        self._steps.append({})
        self._entry.append(frozenset(entry))
        self._origins.append(tuple(origins))
        self._depth.append(1 + max((self._depth[origin] for origin in origins), default=0))
        return len(self._steps) - 1

    def find(self, words: Sequence[str]) -> list[Hit]:
        """Every place where a phrase ends, with the earliest word from which it can have begun."""
        return [Hit(label, self.start(label, words, end), end) for label, end in self.ends(words)]

    def ends(self, words: Iterable[str]) -> list[tuple[int, int]]:
        """The label of every phrase that ends in `words`, with the place after its last word, in reading order."""
        moves, vocabulary = self._moves, self.vocabulary
        found: list[tuple[int, int]] = []
        at, place = 0, 0
        for place, written in enumerate(words, start=1):
            word = written if written in vocabulary else _ANY_OTHER
            at, ended = moves.after[at].get(word) or self._work_out(moves, at, word)
            if ended:
                found += [(label, place) for label in ended]
        return found

    def _work_out(self, moves: _Moves, at: int, word: str) -> _Move:
        with self._lock:
            if moves.count >= _MOST_MOVES and self._moves is moves:
                self._moves = _Moves()  # the texts being read now finish with the full one
            move = moves.after[at].get(word)
            if move is None:
                move = moves.after[at][word] = self._move(moves, moves.states[at], word)
                moves.count += 1
            return move

    def _move(self, moves: _Moves, states: frozenset[int], word: str) -> _Move:
        reached = set(self._steps[0].get(word, ()))
        for state in states:
            reached.update(self._any.get(state, ()))
            reached.update(self._steps[state].get(word, ()))
        ended = {label for state in reached for label in self._ends.get(state, ())}
        return _Move(moves.number(frozenset(reached)), tuple(sorted(ended)))

    def start(self, label: int, words: Sequence[str], end: int) -> int:
        """The earliest word from which a phrase of `label` that ends at `end` can have begun, read backwards."""
        entry, origins, finals = self._entry, self._origins, self._finals
        here = {*finals.get((label, words[end - 1]), ()), *finals.get((label, _ANY_OTHER), ())}
        earliest, at = end, end - 1
        while here:
            states = set[int]().union(*[origins[state] for state in here])
            if 0 in states:
                earliest = at
                states.discard(0)
            at -= 1
            word = words[at] if at >= 0 else _ANY_OTHER
            here = {state for state in states if word in entry[state] or not entry[state]}
        return earliest


def _note(notes: dict[_Key, tuple[int, ...]], key: _Key, number: int) -> None:
    if number not in notes.get(key, ()):
        notes[key] = (*notes.get(key, ()), number)
