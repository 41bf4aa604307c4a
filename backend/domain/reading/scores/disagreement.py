"""Finds words that say the opposite of a number: "9, worst day ever" for mood, or "8, barely hurts" for pain."""

from collections.abc import Iterator, Mapping

from backend.domain.reading.answer_words import phrase_set, word_set
from backend.domain.reading.scores.tokens import Phrases, Tokens
from backend.domain.reading.scores.vocabulary import AGO, NAMES, WAS
from backend.domain.scores import Measure, Nrs


def _side(text: str) -> Phrases:
    """Words that fit one end of one scale."""
    return Phrases(phrase_set(text))


_LOW_MOOD = _side(
    """
    terrible | awful | horrible | fatal | miserable | worst day ever | worst day | worst ever | worst week | worst |
    hopeless | devastated | dreadful | depressed | so depressed | really bad | very bad | so bad | feel bad | like
    shit |
    like crap | shitty | crappy | rock bottom | pesimo | pesima | muy mal | fatal | deprimido | deprimida | horrible |
    lo peor | peor dia | el peor dia | rough day | hate my life | odio mi vida | super low | very low | really low
    """
)
_HIGH_MOOD = _side(
    """
    great | amazing | awesome | wonderful | fantastic | excellent | feeling good | feel good | feeling great |
    doing good | very good | really good | so good | best | best day | best day ever | happy | so happy | very happy |
    genial | excelente | maravilloso | maravillosa | fantastico | fantastica | increible | feliz | muy feliz | muy
    bien |
    de maravilla | mejor que nunca | super bien | estupendo | perfecto | perfect
    """
)
_LOW_PAIN = _side(
    """
    no pain | no pain at all | barely hurts | hardly hurts | barely any pain | hardly any pain | almost no pain |
    pain free | pain - free | painfree | painless | much better | so much better | doesnt hurt | does not hurt |
    dont hurt | nothing hurts | sin dolor | casi sin dolor | no me duele | no duele | casi no duele | casi no me duele |
    casi nada | ya no duele | ya no me duele | mucho mejor | no tengo dolor | no hay dolor | pain is gone | pain gone |
    barely feel it | barely there
    """
)
_HIGH_PAIN = _side(
    """
    unbearable | agony | killing me | excruciating | worst | worst pain | worst pain ever | intolerable | insoportable |
    me mata | me esta matando | horrible pain | terrible pain | awful pain | so much pain | screaming | agonizing |
    cant stand it | cant take it | no aguanto | no lo aguanto | muchisimo dolor | mucho dolor | el peor dolor |
    severe pain | intense pain
    """
)
# The number at or below which, and at or above which, words may contradict it, and those words.
_CONTRADICTED = {Measure.MOOD: (2, 9, _HIGH_MOOD, _LOW_MOOD), Measure.PAIN: (2, 8, _HIGH_PAIN, _LOW_PAIN)}
_PAUSES = frozenset(".;!?\n,") | {"but", "pero", "and", "y"}
_NEGATES = word_set(
    """
    aint arent cannot cant couldnt didnt doesnt dont hardly isnt jamas less nada never no nor not nothing nunca ojala
    sin tampoco wasnt wish without wont
    """
)
_NEGATION_REACH = 3
_NOT_SO_AFTER = word_set("pain deal dolor ache difficulty wishes regards i buy friend part")
_ALSO_OF_OTHERS = word_set("worst day week ever")


def disagreements(tokens: Tokens, scores: Mapping[Measure, Nrs]) -> dict[Measure, tuple[int, int]]:
    """For each score that words contradict, where those words stand in the text as sent."""
    found: dict[Measure, tuple[int, int]] = {}
    for measure, value in scores.items():
        if measure not in _CONTRADICTED:
            continue
        low, high, when_low, when_high = _CONTRADICTED[measure]
        side = when_low if value <= low else when_high if value >= high else None
        if side is None or side.opens.isdisjoint(tokens.words):
            continue
        alone = len(scores) == 1
        place = next(_said(tokens, side, measure, alone=alone), None)
        if place:
            found[measure] = tokens.span(*place)
    return found


def _said(tokens: Tokens, side: Phrases, measure: Measure, *, alone: bool) -> Iterator[tuple[int, int]]:
    for at in range(len(tokens)):
        after = at + side.length(tokens, at)
        if after > at and _holds(tokens, at, after, measure, alone=alone):
            yield at, after


def _holds(tokens: Tokens, at: int, after: int, measure: Measure, *, alone: bool) -> bool:
    """Said of this measure, of now, and not denied: "not great" is not great, "my pain is terrible" is not the mood."""
    start, end = _clause(tokens, at, after)
    if tokens.at(after) in _NOT_SO_AFTER and measure is Measure.MOOD:
        return False
    if any(word in _NEGATES for word in tokens.words[max(start, at - _NEGATION_REACH) : at]):
        return False
    clause = tokens.words[start:end]
    if any(word in WAS or word in AGO for word in clause):
        return False
    named = {NAMES[word] for word in clause if word in NAMES}
    if named and measure not in named:
        return False
    return measure is Measure.MOOD or alone or bool(named) or not _ALSO_OF_OTHERS.issuperset(tokens.words[at:after])


def _clause(tokens: Tokens, at: int, after: int) -> tuple[int, int]:
    while at > 0 and tokens.at(at - 1) not in _PAUSES:
        at -= 1
    while after < len(tokens) and tokens.at(after) not in _PAUSES:
        after += 1
    return at, after
