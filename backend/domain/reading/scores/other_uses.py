"""What a number in a text may be instead of a score: a dose, an hour, a date, a count, praise, another's score ..."""

from enum import StrEnum

from backend.domain.reading.answer_words import phrase_set, word_set
from backend.domain.reading.scores.numbers import Number, is_hedge, scale_end
from backend.domain.reading.scores.numerals import is_figure, numeral
from backend.domain.reading.scores.tokens import Tokens, is_word
from backend.domain.reading.scores.vocabulary import (
    ARTICLES,
    GOES_ON,
    LARGE_WORDS,
    LEAD,
    NAMES,
    POLITE,
    SELDOM_NUMBERS,
    TRAIL,
    WEAK_NAMES,
)


class OtherUse(StrEnum):
    """Why a number is not a score."""

    DOSE = "dose"
    TIME = "time"
    DATE = "date"
    PHONE = "phone"
    ADDRESS = "address"
    AGE = "age"
    COUNT = "count"
    MONEY = "money"
    FRACTION = "fraction"
    READING = "reading"
    PLACE_IN_ORDER = "place in order"
    PRAISE = "praise"
    SLANG = "slang"
    SOMEBODY = "somebody else's"
    LARGER = "part of a larger number"
    PRONOUN = "pronoun"


def _by_word(**uses: str) -> dict[str, OtherUse]:
    return {word: OtherUse[use] for use, words in uses.items() for word in words.split()}


_AFTER = _by_word(
    DOSE="""
    capsule capsules caps cc dose doses dosis drops g gm gms grams gramos gummies iu lozenge lozenges mcg mg mgs
    milligram milligrams miligramos ml pastilla pastillas patches patch pill pills puffs shots sprays tab tablet tablets
    tabs troche troches unit units
    """,
    TIME="""
    am ano anos day days dia dias h hora horas hour hours hr hrs mes meses min mins minute minutes minuto minutos month
    months night nights noche noches oclock pm sec second seconds secs segundos semana semanas week weekend weeks wk wks
    year years yr yrs yo
    """,
    MONEY="bucks cents dlls dolares dollar dollars eur euro euros grand peso pesos pounds usd",
    FRACTION="% ciento pct percent por porciento quarters thirds",
    READING="bpm celsius deg degree degrees fahrenheit feet foot ft grados inches kg kilos km lb lbs miles millas mph oz",
    PLACE_IN_ORDER="nd rd st th",
    COUNT="""
    appointment appointments beer beers block bottle cat cats child children cigarette cup cups dog dogs drink drinks
    energia energy foot friend ganas glass glasses hambre hijo hijos interest men missed motivation apetito appetite
    new other others people persona personas pint pints sleep text texts thing things time times veces vez women
    x chance hope idea sueno
    """,
)
_BEFORE = _by_word(
    DOSE="dosage dose doses dosis take taken takes taking tomar tome tomo took",
    TIME="@ after around_ cada desde every since till until",
    DATE="""
    friday monday saturday sunday thursday tuesday wednesday domingo jueves lunes martes miercoles sabado viernes
    """,
    PHONE="call cel dial ext extension fax phone tel telefono",
    ADDRESS="""
    apartment apt avenida bldg building bus calle casa cuarto exit floor gate highway hwy piso platform rm room route
    street suite unit
    """,
    AGE="age aged edad turned turning",
    MONEY="$ eur gbp",
    READING="bp bmi glucose oxygen presion pressure pulse pulso sugar temp temperatura temperature weigh weight peso",
    PLACE_IN_ORDER="""
    & case caso chapter code day dia episode grade grado infusion item line opcion option page part paso phase pin press
    pregunta question round season sesion session stage step tomorrow treatment tratamiento visit visita vitamin vol week
    semana last next version page channel press
    """,
)
del _BEFORE["&"]
_MONTHS = word_set(
    """
    abril agosto april apr aug august dec december diciembre enero feb febrero february jan january jul julio july jun
    june junio mar march marzo may mayo nov november noviembre oct october octubre sep sept september septiembre
    """
)
_PARTS_OF_DAY = phrase_set(
    "in the morning | in the afternoon | in the evening | at night | de la manana | de la tarde | de la noche | p m | a m | o clock"
)
_PARTS = tuple(tuple(part.split()) for part in _PARTS_OF_DAY)
_PARTS_OPEN = frozenset(part[0] for part in _PARTS)
_STREETS = word_set("ave avenue blvd court ct dr drive lane ln rd road st street way")
_FOR_DATES = word_set("appointment appt by cita dated due el on since until till for the")
_PRAISE_AFTER = word_set(
    """
    again bday clinic date experience fantastic food recommend recomendaria recomiendo service staff team upvote visit
    would atencion servicio
    """
)
_PRAISED = word_set(
    """
    clinic doctor doctora enfermera enfermero experience food game hair movie nurse personal product recomendado
    recommend service servicio show staff visit atencion experiencia
    """
)
_OTHERS = word_set(
    """
    cat dad daughter dog el_ ella esposa esposo hes hija hijo he her his husband mama mom mother movie papa perro she shes
    sister brother son they wife
    """
)
_THEIRS = word_set("his her their hers")
_SLANG_AFTER = word_set(
    """
    be big busy die do early ever far fast get go hard her him hot late live long many me much real see sleep slow soon
    sure talk the them u us you young your
    """
)
_BEFORE_ONE = word_set("a about around at be es feel id its is like la n say score the un was")
_AT = word_set("at by")
_PLACES_ON_SCALE = NAMES.keys() | word_set(
    "am been hanging held holding hovering im is it its m remains right s sitting still stay staying steady"
)
_CLAUSE = 8  # tokens looked back over for whom a score is about
_PHONE_PART = 3
_SINGULAR_ENDINGS = ("ss", "us", "is", "as")
_PLAIN = LEAD | TRAIL | POLITE | GOES_ON | NAMES.keys() | WEAK_NAMES.keys()


def other_use(tokens: Tokens, number: Number) -> OtherUse | None:
    """Why this number is not a score, or None if it may be one."""
    if len(tokens.words) == number.after - number.at:
        return None
    for look in (_by_its_signs, _by_what_follows, _by_what_leads, _by_whom):
        use = look(tokens, number)
        if use:
            return use
    return None


def _by_its_signs(tokens: Tokens, number: Number) -> OtherUse | None:
    """Minus signs, fractions on another scale, telephone numbers, larger numbers in words."""
    before, after = tokens.at(number.at - 1), tokens.at(number.after)
    if before in LARGE_WORDS or after in LARGE_WORDS or (before == "y" and tokens.at(number.at - 2) in LARGE_WORDS):
        return OtherUse.LARGER
    if before == "-" and _is_minus(tokens, number.at - 1):
        return OtherUse.LARGER
    if scale_end(tokens, number.after) is not None or (before == "/" and number.at > 1):
        return None if is_pair(tokens, number) else OtherUse.FRACTION
    if is_word(before or "x") and is_word(after or "x") and not before[:1].isdigit() and not after[:1].isdigit():
        return None
    if _part_of_long_figure(tokens, number):
        return OtherUse.PHONE
    if _figures_in_a_chain(tokens, number) > 2:  # noqa: PLR2004 - two may be a range
        return OtherUse.DATE
    return OtherUse.PLACE_IN_ORDER if before == "#" and number.at > 1 else None


def is_pair(tokens: Tokens, number: Number) -> bool:
    """Two numbers on the scale about one stroke, with no third: "7/3" may be mood and pain."""
    if tokens.at(number.after) == "/":
        first, other, beyond = number.at, number.after + 1, number.after + 2
    else:
        first, other, beyond = number.at - 2, number.at - 2, number.after
    return (
        bool(numeral(tokens.at(other)))
        and tokens.at(first - 1) != "/"
        and tokens.at(beyond) != "/"
        and not number.scaled
    )


def _is_minus(tokens: Tokens, at: int) -> bool:
    """ "-3", but not the dash of a list, of "pain-3" or of "7-3"."""
    return tokens.touch(at) and not (at and tokens.touch(at - 1) and is_word(tokens.at(at - 1)))


def _part_of_long_figure(tokens: Tokens, number: Number) -> bool:
    ahead = number.after + (tokens.at(number.after) in ("-", "(", "."))
    behind = number.at - 1 - (tokens.at(number.at - 1) in ("-", ")", "."))
    if tokens.at(number.after) == "-" and is_figure(tokens.at(ahead)) and not numeral(tokens.at(ahead)):
        return True
    return any(len(word) >= _PHONE_PART and word.isdecimal() for word in (tokens.at(ahead), tokens.at(behind)))


def _figures_in_a_chain(tokens: Tokens, number: Number) -> int:
    """How many figures are joined by dashes: "3-4-24" has three."""
    at, after = number.at, number.after
    while at > 1 and tokens.at(at - 1) == "-" and is_figure(tokens.at(at - 2)) and at > number.at - 8:
        at -= 2
    while tokens.at(after) == "-" and is_figure(tokens.at(after + 1)) and after < number.after + 8:
        after += 2
    links = (number.at - at + after - number.after) // 2
    return 1 + ("-" in tokens.words[number.at : number.after]) + links


def _by_what_follows(tokens: Tokens, number: Number) -> OtherUse | None:
    after, beyond = tokens.at(number.after), tokens.at(number.after + 1)
    if is_hedge(after, beyond):
        after, beyond = tokens.at(number.after + 2), tokens.at(number.after + 3)  # "6 or so weeks"
    if after == "-" and beyond.isalpha():
        after, beyond = beyond, tokens.at(number.after + 2)  # "5-day"
    if number.scaled:
        praised = not _PRAISE_AFTER.isdisjoint(_next_words(tokens, number.after))
        return OtherUse.PRAISE if praised else OtherUse.COUNT if after in _AFTER or _is_plural(after) else None
    if after in _MONTHS or (after in ("de", "of") and beyond in _MONTHS):
        return OtherUse.DATE
    if after in _AFTER and not (after == "por" and beyond == "favor"):
        return _AFTER[after]
    if after in _PARTS_OPEN and any(tokens.says(part, number.after) for part in _PARTS):
        return OtherUse.TIME
    if after in ("more", "mas", "of") and beyond.isalpha() and beyond not in ("o", "or", "now"):
        return OtherUse.COUNT
    if any(tokens.at(number.after + ahead) in _STREETS for ahead in (0, 1, 2)) and after.isalpha():
        return OtherUse.ADDRESS
    if tokens.at(number.at) in ("2", "4", "8", "one", "1") and after in _SLANG_AFTER:
        return OtherUse.SLANG
    return OtherUse.COUNT if _is_plural(after) else None


def _next_words(tokens: Tokens, at: int) -> list[str]:
    return [word for word in tokens.words[at : at + 5] if is_word(word)][:2]


def _is_plural(word: str) -> bool:
    """ "2 pugs", "5 appointments": things are counted. A word that is known to follow a score is none of these."""
    plural = len(word) > 3 and word.endswith("s") and word.isalpha() and not word.endswith(_SINGULAR_ENDINGS)  # noqa: PLR2004 - "is", "was"
    return plural and word not in _PLAIN


def _by_what_leads(tokens: Tokens, number: Number) -> OtherUse | None:
    before = tokens.at(number.at - 1)
    if number.scaled:
        return (
            OtherUse.DATE
            if before in _FOR_DATES and tokens.at(number.at + 1) == "/" and not _named_near(tokens, number)
            else None
        )
    if before in _AT and tokens.at(number.at - 2) not in _PLACES_ON_SCALE:
        return OtherUse.TIME
    if before == "las" and tokens.at(number.at - 2) in ("a", "como", "desde", "son", "eran"):
        return OtherUse.TIME
    if before in _MONTHS and not (before in ("may", "mar") and number.at > 1):
        return OtherUse.DATE
    if before in _BEFORE:
        return _BEFORE[before]
    if tokens.at(number.at) in SELDOM_NUMBERS and not _one_is_meant(tokens, number):
        return OtherUse.PRONOUN
    return None


def _named_near(tokens: Tokens, number: Number) -> bool:
    return any(tokens.at(number.at - back) in NAMES for back in (1, 2, 3))


def _one_is_meant(tokens: Tokens, number: Number) -> bool:
    """ "One" is a number by itself, at a range, or where a number is expected: "pain: one", "a ten"."""
    before, after = tokens.at(number.at - 1), tokens.at(number.after)
    follows = not after.isalpha() or after in NAMES or after in TRAIL or after in POLITE or numeral(after) is not None
    leads = not before.isalnum() or before in _BEFORE_ONE or before in NAMES or numeral(before) is not None
    joined = before in ("and", "y", "now", "ahora", "to", "a", "hoy", "for")
    return number.after > number.at + 1 or ((leads or joined) and (follows or before in ARTICLES))


def _by_whom(tokens: Tokens, number: Number) -> OtherUse | None:
    """Praise of the clinic, and other people's scores: the nearest name or word of a person before the number says."""
    for back in range(number.at - 1, max(-1, number.at - 1 - _CLAUSE), -1):
        word = tokens.at(back)
        if word in NAMES:
            return OtherUse.SOMEBODY if tokens.at(back - 1) in _THEIRS else None
        if word in ".;!?\n":
            return None
        if word in _OTHERS:
            return OtherUse.SOMEBODY
        if word in _PRAISED and number.scaled:
            return OtherUse.PRAISE
    return None
