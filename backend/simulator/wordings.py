"""How the town's patients write. Every text here is invented; none was ever sent by anybody."""

from random import Random

NUMBERS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "es": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
}
BOTH = {
    "en": (
        "{m} {p}", "mood {m} pain {p}", "Mood {m}, pain {p}", "{m}/10, pain's a {p}", "{m} and {p}", "{M} {P}",
        "mood: {m} pain: {p}", "pain {p} mood {m}", "{m}/10 mood {p}/10 pain", "mood's about {m}, pain {p} today",
    ),
    "es": ("{m} {p}", "animo {m} dolor {p}", "Ánimo {m}, dolor {p}", "{m} y {p}", "{M} {P}", "dolor {p} animo {m}"),
}  # fmt: skip
ONE = {
    "en": ("{n}", "{n}", "{n}", "{n}/10", "{N}", "about a {n}", "{n} today", "I'd say {n}", "{n}.", "maybe {n}"),
    "es": ("{n}", "{n}", "{n}/10", "{N}", "un {n}", "como {n}", "{n} hoy"),
}
WITH_WORDS = {
    "en": (
        "{n}, rough night", "{n} but getting there", "{n}, back was bad this morning", "{n} thank you",
        "{n}, kids are home so busy", "a {n} I think, slept ok",
    ),
    "es": ("{n}, dormi mal", "{n} pero mejor que ayer", "{n} gracias"),
}  # fmt: skip
NOTHING_WRONG = {
    "en": ("N", "n", "no", "No", "nope", "none", "no side effects", "No thanks, all good"),
    "es": ("no", "No", "N", "nada", "no, ninguno"),
}
SIDE_EFFECTS = {
    "en": (
        "a bit nauseous yesterday", "dizzy when I stand up", "mild headache", "really tired all day",
        "felt floaty for a while", "threw up once last night",
    ),
    "es": ("un poco de nausea", "mareada ayer", "me duele la cabeza un poco"),
}  # fmt: skip
WORRYING = {
    "en": (
        "burning when I pee since tuesday", "the iv spot is red and swollen", "still seeing things that arent there",
        "havent slept in two days and feel amazing", "keep throwing up cant keep water down",
        "been craving more of it all week",
    ),
    "es": ("me arde al orinar", "tengo el brazo rojo e hinchado donde la aguja"),
}  # fmt: skip
MEDICAL = {
    "en": (
        "having chest pain since an hour ago", "cant breathe right", "i fainted in the kitchen this morning",
        "worst headache of my life all of a sudden", "my tongue is swelling up",
    ),
    "es": ("tengo dolor en el pecho", "no puedo respirar bien"),
}  # fmt: skip
CRISIS = {
    "en": (
        "i dont want to be here anymore", "I keep thinking about killing myself",
        "everyone would be better off without me",
        "whats the point of living like this", "i want to die", "thinking of ending it tonight",
        "i cut myself again last night",
    ),
    "es": ("ya no quiero vivir", "pienso en matarme", "estarian mejor sin mi"),
}  # fmt: skip
AFTER_CRISIS = {
    "en": ("ok", "im safe for now", "I called them", "still not good", "sorry i just needed to say it"),
    "es": ("estoy bien ahora", "gracias", "les llame"),
}
QUESTIONS = {
    "en": (
        "can I move my appointment to thursday?", "what time is my next visit", "do I take my meds that morning",
        "is parking free at the clinic", "can my sister pick me up instead", "who do i call about the bill",
    ),
    "es": ("puedo cambiar mi cita al jueves?", "a que hora es mi proxima visita"),
}  # fmt: skip
UNREADABLE = {
    "en": ("👍", "asdf", "??", "idk", "ok", "same as always", "meh", "can't say"),
    "es": ("👍", "no se", "igual", "???"),
}
LEAVING = {
    "en": ("please stop texting me", "no more texts please", "take me off this list", "dont text me anymore"),
    "es": ("no mas mensajes por favor", "ya no me manden mensajes"),
}
WRONG_NUMBER = {
    "en": ("wrong number", "who is this?", "I think you have the wrong number"),
    "es": ("numero equivocado", "quien es?"),
}
SAFE = {"en": ("1", "1", "ok 1", "yes home", "home safe"), "es": ("1", "1", "si, en casa")}
NOT_SAFE = {"en": ("2", "2, no one came"), "es": ("2",)}
STOP = ("STOP", "Stop", "stop", "STOP", "Unsubscribe", "QUIT", "cancel")
KINDS_OF_NONE = {"side_effects", "bladder", "energy"}
"""What is asked for that most people have nothing to say about."""


def one_of(words: dict[str, tuple[str, ...]], language: str, dice: Random) -> str:
    return dice.choice(words.get(language, words["en"]))


def one_score(value: int, language: str, dice: Random, *, chatty: bool) -> str:
    words = WITH_WORDS if chatty else ONE
    return one_of(words, language, dice).format(n=value, N=_in_words(value, language))


def both_scores(mood: int, pain: int, language: str, dice: Random) -> str:
    template = one_of(BOTH, language, dice)
    return template.format(m=mood, p=pain, M=_in_words(mood, language), P=_in_words(pain, language))


def _in_words(value: int, language: str) -> str:
    return NUMBERS.get(language, NUMBERS["en"])[value]
