"""A text to its concerns, worst first, each with the signed rule and the very words that raised it."""

import re
from collections.abc import Iterable, Sequence

from backend.domain.concerns import Concern, Priority, ReplyKind, worst_first
from backend.domain.reading.context import Standing
from backend.domain.reading.languages import Languages
from backend.domain.reading.lexicon import Finding, Lexicon, sentences_of
from backend.domain.reading.normalise import LINE_END, PAUSE, Word, read_words
from backend.domain.reading.rules import Rule
from backend.domain.reading.spelling import Speller

_SOFTER = {
    Standing.DENIED: "Said as not so; a person should still look.",
    Standing.SOMEONE_ELSE: "Said of someone else; a person should still look.",
    Standing.LONG_AGO: "Said of a time long ago; a person should still look.",
    Standing.FIGURE_OF_SPEECH: "Probably a manner of speaking; a person should still look.",
}

_NEVER_SILENT = "suicidal_ideation"  # a bereavement of long ago still raises the risk
# From Greek to Mongolian, from Coptic to Hangul; not the Latin, phonetic and mathematical letters, which are folded.
_FOREIGN_LETTER = re.compile(
    r"(?![\W\d_])[\u0370-\u1cff\u2c80-\u2dff\u3040-\ua4cf\ua840-\uab2f\uabc0-\ud7ff\uf900-\ufaff"
    r"\ufb1d-\ufdff\ufe70-\ufefc\uff66-\uffdc]"
)
_LETTER = re.compile(r"[^\W\d_]")
_MANY_LETTERS = 10


class Screen:
    """Reads every text with all its lexicons, whatever language the patient is said to speak.

    It knows no clock and no store, takes time linear in the length of the text and does not raise on any text.
    """

    def __init__(self, lexicons: Sequence[Lexicon], languages: Languages) -> None:
        if not lexicons:
            raise ValueError("a screen needs at least one lexicon")
        self._lexicons = tuple(lexicons)
        self._languages = languages
        self._speller = Speller(
            frozenset().union(*(lexicon.vocabulary for lexicon in lexicons)),
            frozenset().union(*(lexicon.key_words for lexicon in lexicons)),
        )

    def __call__(self, text: str, *, hours_since_treatment: float | None = None) -> tuple[Concern, ...]:
        """The concerns in a text, one for each rule that hit (its worst hit), most urgent first; none is `()`."""
        words = read_words(text, self._speller.known, self._speller)
        found = [finding for lexicon in self._lexicons for finding in lexicon.findings(words)]
        judged = [(finding, *_urgency(finding, hours_since_treatment)) for finding in found]
        concerns = [_concern(*each, text) for each in _worst_of_each_rule(judged)]
        return worst_first([*concerns, *self._other_language(text, words)])

    def _other_language(self, text: str, words: Sequence[Word]) -> Iterable[Concern]:
        """A text that nobody here can read well: in other letters, or in the words of another language."""
        if not text.isascii():
            yield from _other_script(text)
        sentences = sentences_of(words)
        for part in [words, *sentences] if len(sentences) > 1 else [words]:
            language = self._languages.foreign([word.text for word in part if word.text not in (PAUSE, LINE_END)])
            if language is not None:
                yield _unread(language, (part[0].start, part[-1].end), text)
                return


def _unread(language: str, span: tuple[int, int], text: str) -> Concern:
    why = f"Looks like {language}; somebody who reads it should look."
    return Concern("other_language", Priority.URGENT, ReplyKind.SOFT, "other-words", why, span, text[slice(*span)])


def _other_script(text: str) -> Iterable[Concern]:
    """Nothing here reads Arabic or Chinese: where most letters are such, or many, a person must."""
    foreign = list(_FOREIGN_LETTER.finditer(text))
    if not foreign or (len(foreign) < _MANY_LETTERS and 2 * len(foreign) <= len(_LETTER.findall(text))):
        return
    start, end = foreign[0].start(), foreign[-1].end()
    why = "Written in letters that are neither English nor Spanish; somebody who reads them should look."
    yield Concern("other_language", Priority.URGENT, ReplyKind.SOFT, "other-script", why, (start, end), text[start:end])


_Judged = tuple[Finding, Priority, ReplyKind]


def _worst_of_each_rule(judged: Iterable[_Judged]) -> Iterable[_Judged]:
    """Among equals the last: a phrase grows as more of its words are read, and the longest quote tells most."""
    worst: dict[str, _Judged] = {}
    for each in judged:
        finding, priority, _ = each
        held = worst.get(finding.rule.id)
        if held is None or priority > held[1] or (priority == held[1] and _longer(finding.span, held[0].span)):
            worst[finding.rule.id] = each
    return [each for each in worst.values() if each[1] > Priority.NONE]


def _longer(span: tuple[int, int], held: tuple[int, int]) -> bool:
    return span[0] <= held[0] and span[1] - span[0] > held[1] - held[0]


def _urgency(finding: Finding, hours: float | None) -> tuple[Priority, ReplyKind]:
    timed = _timed(finding.rule, hours)
    return timed if finding.standing is Standing.SAID else _softened(finding, *timed)


def _concern(finding: Finding, priority: Priority, reply: ReplyKind, text: str) -> Concern:
    rule, (start, end) = finding.rule, finding.span
    why = rule.why if finding.standing is Standing.SAID else f"{rule.why} {_SOFTER[finding.standing]}"
    softened = finding.standing is not Standing.SAID
    return Concern(rule.family, priority, reply, rule.id, why, (start, end), text[start:end], softened)


def _timed(rule: Rule, hours: float | None) -> tuple[Priority, ReplyKind]:
    """With the time of the treatment unknown, the more worrying reading holds."""
    if rule.timing is None:
        return rule.level, rule.reply
    if hours is None or hours >= rule.timing.abnormal_from:
        return rule.timing.abnormal_level, rule.reply
    return (Priority.ROUTINE if hours <= rule.timing.expected_within else rule.level), rule.reply


def _softened(finding: Finding, priority: Priority, reply: ReplyKind) -> tuple[Priority, ReplyKind]:
    """One step down and a softer reply, never silence, where a life may be at stake; a denied trifle is none.

    "No chest pain" is how many answer the question about side effects: a person reads it in their own time.
    """
    if reply is ReplyKind.CRISIS or finding.rule.family == _NEVER_SILENT:
        return min(priority, Priority.URGENT), ReplyKind.SOFT
    if priority < Priority.ASAP:
        return Priority.NONE, reply
    gentle = ReplyKind.NEUTRAL if reply is ReplyKind.NEUTRAL else ReplyKind.URGENT
    return (Priority.ROUTINE if finding.standing is Standing.DENIED else Priority.URGENT), gentle
