"""A language's signed rules, checked against their own examples and made ready to match."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from backend.domain.reading.context import Context, Sentence, Standing, read_context
from backend.domain.reading.normalise import Word, read_words
from backend.domain.reading.phrases import END, START, Hit, PhraseBook
from backend.domain.reading.rules import Rule, read_rule, texts
from backend.domain.reading.spelling import Speller


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's phrase found in a text; `span` indexes the text as sent."""

    rule: Rule
    standing: Standing
    span: tuple[int, int]


@dataclass(frozen=True)
class Lexicon:
    """The rules of one language. Built by `build_lexicon`, used by `Screen`."""

    language: str
    rules: tuple[Rule, ...]
    context: Context
    spellings: Mapping[tuple[str, ...], tuple[str, ...]]
    key_words: frozenset[str]
    vocabulary: frozenset[str]
    _book: PhraseBook
    _respelt_from: frozenset[str]

    def findings(self, words: Sequence[Word]) -> list[Finding]:
        """The hits of every rule in reading order, up to the first sentence that says it in earnest.

        Whatever says the same again later in the text can be neither more urgent nor better quoted.
        """
        found: list[Finding] = []
        settled: set[str] = set()
        sentences = _sentences(self._respelled(words))
        openers = [sentence[0].text for sentence in sentences[1:]] + [""]
        for sentence, opener in zip(sentences, openers, strict=False):
            fresh = self._in_sentence(sentence, opener, settled)
            found += fresh
            settled.update([finding.rule.id for finding in fresh if finding.standing is Standing.SAID])
        return found

    def _in_sentence(self, words: Sequence[Word], next_word: str, settled: AbstractSet[str]) -> list[Finding]:
        marked = [START, *[word.text for word in words], END]
        ends = [(label, end) for label, end in self._book.ends(marked) if self.rules[label].id not in settled]
        if not ends:
            return []
        sentence = Sentence(self.context, words, next_word)
        found: list[Finding] = []
        said_from: dict[int, int] = {}
        for label, end in ends:
            if label in said_from and end - self._book.longest[label] > said_from[label] + 1:
                continue  # begins later than what was already said
            hit = _inside(Hit(label, self._book.start(label, marked, end), end), len(words))
            if hit.start >= hit.end or hit.start > said_from.get(label, hit.start):
                continue
            finding = self._finding(sentence, hit)
            found.append(finding)
            if finding.standing is Standing.SAID:
                said_from[label] = hit.start
        return found

    def _finding(self, sentence: Sentence, hit: Hit) -> Finding:
        rule, words = self.rules[hit.label], sentence.words
        standing = self.context.judge(sentence, hit, anyone=rule.anyone)
        return Finding(rule, standing, (words[hit.start].start, words[hit.end - 1].end))

    def _respelled(self, words: Sequence[Word]) -> Sequence[Word]:
        """The words as the language usually spells them; nearly always nothing changes."""
        if self._respelt_from.isdisjoint([word.text for word in words]):
            return words
        return list(self._respell(words))

    def _respell(self, words: Sequence[Word]) -> Iterator[Word]:
        """The usual spelling of each word or pair of words: "wanna" is "want to", "do not" is "dont"."""
        spellings, last = self.spellings, len(words) - 1
        at = 0
        while at <= last:
            word = words[at]
            pair = (word.text, words[at + 1].text) if at < last else (word.text,)
            spelt = spellings.get(pair)
            if spelt is not None:
                yield from (Word(each, word.start, words[at + len(pair) - 1].end, *word[3:]) for each in spelt)
                at += len(pair)
                continue
            spelt = spellings.get(pair[:1])
            if spelt is None:
                yield word
            else:
                yield from (Word(each, *word[1:]) for each in spelt)
            at += 1


def _sentences(words: Sequence[Word]) -> list[Sequence[Word]]:
    if words and words[0].sentence == words[-1].sentence:
        return [words]
    return [list(group) for _, group in groupby(words, key=itemgetter(Word._fields.index("sentence")))]


def _inside(hit: Hit, length: int) -> Hit:
    """The hit without the marks for the sentence's start and end."""
    return Hit(hit.label, max(hit.start - 1, 0), min(hit.end - 1, length))


def _tables(document: Mapping[str, object], key: str, faults: list[str]) -> list[Mapping[str, object]]:
    found = document.get(key, [])
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        faults.append(f"{key} must be a list of tables")
        return []
    return found


def _table(document: Mapping[str, object], key: str, faults: list[str]) -> Mapping[str, object]:
    found = document.get(key, {})
    if not isinstance(found, Mapping):
        faults.append(f"{key} must be a table")
        return {}
    return found


def _read_rules(document: Mapping[str, object], faults: list[str]) -> tuple[Rule, ...]:
    rules = tuple(read_rule(table, at, faults) for at, table in enumerate(_tables(document, "rule", faults), start=1))
    if not rules:
        faults.append("there is no rule")
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            faults.append(f"rule {rule.id!r}: the id is used twice")
        seen.add(rule.id)
    return rules


def _read_book(rules: Sequence[Rule], slots: Mapping[str, Sequence[str]], faults: list[str]) -> PhraseBook:
    sound: list[tuple[int, str]] = []
    for label, rule in enumerate(rules):
        for phrase in rule.phrases:
            try:
                PhraseBook([(label, phrase)], slots)
            except ValueError as fault:
                faults.append(f"rule {rule.id!r}: {fault}")
            else:
                sound.append((label, phrase))
    return PhraseBook(sound, slots)


def _read_spellings(document: Mapping[str, object], faults: list[str]) -> dict[tuple[str, ...], tuple[str, ...]]:
    spellings: dict[tuple[str, ...], tuple[str, ...]] = {}
    for usual, variants in _table(document, "spellings", faults).items():
        for variant in texts({usual: variants}, usual, faults, "spellings"):
            written = tuple(variant.split())
            if len(written) not in (1, 2):
                faults.append(f"spellings: {variant!r} must be one word or two")
            spellings[written] = tuple(usual.split())
    return spellings


def _example_faults(lexicon: Lexicon) -> Iterator[str]:
    speller = Speller(lexicon.vocabulary, lexicon.key_words)

    def matches(rule: Rule, example: str) -> bool:
        found = lexicon.findings(read_words(example, speller.known, speller))
        return any(finding.rule is rule and finding.standing is Standing.SAID for finding in found)

    for rule in lexicon.rules:
        yield from (
            f"rule {rule.id!r}: misses its example {text!r}" for text in rule.examples if not matches(rule, text)
        )
        wrong = [text for text in rule.counter_examples if matches(rule, text)]
        yield from (f"rule {rule.id!r}: matches its counter-example {text!r}" for text in wrong)


def build_lexicon(language: str, document: Mapping[str, object]) -> Lexicon:
    """The lexicon in `document` (a parsed TOML file). Raises `ValueError` naming every fault at once.

    Every rule must match each of its examples at its full level, and none of its counter-examples.
    """
    faults: list[str] = []
    slot_table = _table(document, "slots", faults)
    slots = {name: texts(slot_table, name, faults, "slots") for name in slot_table}
    rules = _read_rules(document, faults)
    book = _read_book(rules, slots, faults)
    spellings = _read_spellings(document, faults)
    try:
        context = read_context(_table(document, "context", faults), slots, faults)
    except ValueError as fault:
        raise ValueError("\n".join([*faults, f"context: {fault}"])) from fault
    key_words = frozenset(texts(document, "key_words", faults, "lexicon"))
    vocabulary = _vocabulary(book, context, spellings) | key_words
    respelt_from = frozenset(written[0] for written in spellings)
    lexicon = Lexicon(language, rules, context, spellings, key_words, vocabulary, book, respelt_from)
    if not faults:
        faults.extend(_example_faults(lexicon))
    if faults:
        raise ValueError("\n".join(faults))
    return lexicon


def _vocabulary(
    book: PhraseBook, context: Context, spellings: Mapping[tuple[str, ...], tuple[str, ...]]
) -> frozenset[str]:
    words = set(book.vocabulary) | context.denials | context.see_through | context.restores | context.myself
    for phrases in (context.others, context.past, context.idioms):
        words |= phrases.vocabulary
    for written in spellings:
        words.update(written)
    return frozenset(words)
