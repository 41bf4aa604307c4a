"""A language's signed terms and rules, checked against their own examples and made ready to read with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from backend.domain.reading.context import CUES, Place, Sentence, Standing, read_cues
from backend.domain.reading.grammar import Grammar, Hit
from backend.domain.reading.normalise import LINE_END, PAUSE, Word, read_words
from backend.domain.reading.rules import Rule, read_rule, texts
from backend.domain.reading.spelling import Speller
from backend.domain.reading.terms import Terms, Wordings, is_name


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says, found in a text; `span` indexes the text as sent."""

    rule: Rule
    standing: Standing
    span: tuple[int, int]


_GROWS = 6  # words by which a quote may still grow once its rule has been said in earnest
_SENTENCE = itemgetter(Word._fields.index("sentence"))
_DOTTED = 3  # single words in a row that may be one sentence

Spellings = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By a word and the one after it ("" for the word alone), the words that are usually written for them."""


class Lexicon:
    """The rules of one language. Built by `build_lexicon`, used by `Screen`."""

    def __init__(
        self,
        language: str,
        rules: tuple[Rule, ...],
        terms: Terms,
        strangers: frozenset[str],
        spellings: Spellings,
        key_words: frozenset[str],
        ordinary: frozenset[str],
    ) -> None:
        self.language = language
        self.rules = rules
        self.key_words = key_words
        self._terms = terms
        self._rule_of = [rule for rule in rules for _ in rule.says]
        self._grammar = Grammar([pattern for rule in rules for pattern in rule.says], terms, strangers)
        self._wanted = 0
        self._bits: dict[str, int] = {}
        for rule, bit in zip(self._rule_of, self._grammar.final, strict=True):
            self._bits[rule.id] = self._bits.get(rule.id, 0) | bit
            self._wanted |= bit
        self._spellings = spellings
        spelt = {word for first, variants in spellings.items() for word in (first, *variants) if word}
        self.vocabulary = frozenset(terms.vocabulary | self._grammar.vocabulary | key_words | spelt | ordinary)

    def findings(self, words: Sequence[Word]) -> list[Finding]:
        """What every rule finds, in reading order, up to the first sentence that says it in earnest.

        Whatever says the same again later in the text can be neither more urgent nor better quoted.
        """
        found: list[Finding] = []
        wanted = self._wanted
        sentences = _readings_of(self._respelled(words))
        openers = [_opener(sentence) for sentence in sentences[1:]] + [""]
        for sentence, opener in zip(sentences, openers, strict=False):
            fresh = self._in_sentence(sentence, opener, wanted)
            found += fresh
            for finding in fresh:
                if finding.standing is Standing.SAID:
                    wanted &= ~self._bits[finding.rule.id]
        return found

    def _in_sentence(self, words: Sequence[Word], opener: str, wanted: int) -> list[Finding]:
        plain = [word.text for word in words]
        spotted = self._grammar.spot(plain)
        ends = self._grammar.ends(spotted, wanted)
        if not ends:
            return []
        sentence = Sentence(spotted, self._terms, opener)
        found: list[Finding] = []
        said: dict[str, int] = {}
        for pattern, end in ends:
            rule = self._rule_of[pattern]
            if end > said.get(rule.id, end) + _GROWS:
                continue
            start = self._grammar.start(spotted, pattern, end)
            if start is None:
                continue
            finding = self._finding(sentence, words, Hit(pattern, start, end))
            found.append(finding)
            if finding.standing is Standing.SAID:
                said.setdefault(rule.id, end)
        return found

    def _finding(self, sentence: Sentence, words: Sequence[Word], hit: Hit) -> Finding:
        rule = self._rule_of[hit.pattern]
        standing = sentence.judge(Place(hit.start, hit.end), of_writer=rule.of_writer)
        first, last = max(hit.start - 1, 0), min(hit.end - 2, len(words) - 1)  # without the marks of the sentence
        return Finding(rule, standing, (words[first].start, words[last].end))

    def _respelled(self, words: Sequence[Word]) -> Sequence[Word]:
        """The usual spelling of each word or pair of words ("wanna" is "want to", "do not" is "dont"); often nothing
        changes.
        """
        spellings = self._spellings
        places = [at for at, word in enumerate(words) if word.text in spellings]
        if not places:
            return words
        respelled: list[Word] = []
        done = 0
        for at in places:
            if at < done:
                continue  # the second of a pair
            word, variants, after = words[at], spellings[words[at].text], at + 1
            usual, end = variants.get(words[after].text) if after < len(words) else None, word.end
            if usual is not None:
                end, after = words[after].end, after + 1
            else:
                usual = variants.get("")
            if usual is not None:
                respelled += words[done:at]
                respelled += [Word(each, word.start, end, word.sentence) for each in usual]
                done = after
        respelled += words[done:]
        return respelled


def sentences_of(words: Sequence[Word]) -> list[list[Word]]:
    """The sentences of a text, parted at full stops and at line ends, in reading order."""
    sentences: list[list[Word]] = []
    open_sentence = -1
    for word in words:
        if word.text == LINE_END:
            open_sentence = -1
            continue
        if word.sentence != open_sentence:
            sentences.append([])
            open_sentence = word.sentence
        sentences[-1].append(word)
    return sentences


def _readings_of(words: Sequence[Word]) -> list[list[Word]]:
    """The sentences, and once more as one what may be only one: over a line's end, or words between full stops."""
    sentences = sentences_of(words)
    if len(sentences) <= 1:
        return sentences
    joined: list[list[Word]] = []
    if any(word.text == LINE_END for word in words):
        flowing = [word._replace(text=PAUSE) if word.text == LINE_END else word for word in words]
        joined = [list(group) for _, group in groupby(flowing, key=_SENTENCE)]
    runs = [[word for one in run for word in one] for short, run in groupby(sentences, key=_is_short) if short]
    return [*sentences, *joined, *(run for run in runs if len(run) >= _DOTTED)]


def _is_short(sentence: Sequence[Word]) -> bool:
    return len(sentence) == 1


def _opener(sentence: Sequence[Word]) -> str:
    return next((word.text for word in sentence if word.text != PAUSE), "")


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


def _read_terms(document: Mapping[str, object], faults: list[str]) -> dict[str, Sequence[str]]:
    """The `[terms]` table: groups (who, what, how much, when) of named terms, each a list of wordings."""
    terms: dict[str, Sequence[str]] = {}
    groups = _table(document, "terms", faults)
    for group in groups:
        table = _table(groups, group, faults)
        for name in table:
            if not is_name(name) or name in terms or name in CUES:
                faults.append(f"terms: {name!r} is no new name in capitals")
            terms[name] = texts(table, name, faults, "terms")
    return terms


def _read_wordings(terms: Mapping[str, Sequence[str]], faults: list[str]) -> dict[str, frozenset[tuple[str, ...]]]:
    wordings = Wordings(terms)
    read: dict[str, frozenset[tuple[str, ...]]] = {}
    for name in terms:
        try:
            read[name] = wordings[name]
        except ValueError as fault:
            faults.append(f"terms: {fault}")
    return read


def _read_spellings(document: Mapping[str, object], faults: list[str]) -> Spellings:
    spellings: dict[str, dict[str, tuple[str, ...]]] = {}
    table = _table(document, "spellings", faults)
    for usual in table:
        for variant in texts(table, usual, faults, "spellings"):
            first, _, second = variant.partition(" ")
            if not first or " " in second:
                faults.append(f"spellings: {variant!r} must be one word or two")
            spellings.setdefault(first, {})[second] = tuple(usual.split())
    return spellings


def _pattern_faults(rules: Sequence[Rule], terms: Mapping[str, object]) -> Iterator[str]:
    for rule in rules:
        for pattern in rule.says:
            names = {name for part in pattern.split() for name in part.removesuffix("?").split("|") if is_name(name)}
            yield from (f"rule {rule.id!r}: there is no term {name!r}" for name in sorted(names - terms.keys()))
            try:
                Grammar([pattern], Terms({}, frozenset()), frozenset())
            except ValueError as fault:
                yield f"rule {rule.id!r}: {fault}"


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


def _merged(documents: Iterable[Mapping[str, object]], faults: list[str]) -> dict[str, object]:
    """One document out of a language's files: lists are joined, tables too; nothing may be said twice."""
    merged: dict[str, object] = {}
    for document in documents:
        for key, value in document.items():
            held = merged.get(key)
            if held is None:
                merged[key] = value
            elif isinstance(held, list) and isinstance(value, list):
                merged[key] = [*held, *value]
            elif isinstance(held, Mapping) and isinstance(value, Mapping):
                merged[key] = _merged([held, value], faults)
            else:
                faults.append(f"{key} is in two files of one language")
    return merged


def build_lexicon(language: str, *documents: Mapping[str, object]) -> Lexicon:
    """The lexicon in `documents` (the parsed TOML files of a language). Raises `ValueError` naming every fault at once.

    Every rule must match each of its examples at its full level, and none of its counter-examples.
    """
    faults: list[str] = []
    document = _merged(documents, faults)
    rules = _read_rules(document, faults)
    terms = _read_terms(document, faults)
    cues = read_cues(_table(document, "context", faults), faults)
    wordings = _read_wordings({**terms, **cues}, faults)
    faults.extend(_pattern_faults(rules, {**terms, **cues}))
    if faults:
        raise ValueError("\n".join(faults))
    lexicon = Lexicon(
        language,
        rules,
        Terms(wordings, frozenset(texts(document, "fillers", faults, "lexicon"))),
        frozenset(texts(document, "strangers", faults, "lexicon")),
        _read_spellings(document, faults),
        frozenset(texts(document, "key_words", faults, "lexicon")),
        frozenset(texts(document, "ordinary", faults, "lexicon")),
    )
    faults.extend(_example_faults(lexicon))
    if faults:
        raise ValueError("\n".join(faults))
    return lexicon
