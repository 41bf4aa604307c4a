"""The words around numbers that are no scores: what is taken, timed, dated, called, counted, paid, praised."""

from enum import StrEnum

from backend.domain.reading.answer_words import phrase_set, word_set
from backend.domain.reading.scores.vocabulary import NAMES


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


USE_BEHIND = _by_word(
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
    READING="bpm celsius deg degree degrees fahrenheit feet foot ft grados inches kg kilos km lb lbs miles millas oz",
    PLACE_IN_ORDER="nd rd st th",
    COUNT="""
    appointment appointments beer beers block bottle cat cats child children cigarette cup cups dog dogs drink drinks
    energia energy foot friend ganas glass glasses hambre hijo hijos interest men missed motivation apetito appetite
    new other others people persona personas pint pints sleep text texts thing things time times veces vez women
    x chance hope idea sueno
    """,
)
USE_AHEAD = _by_word(
    DOSE="dosage dose doses dosis take taken takes taking tomar tome tomo took",
    TIME="@ after cada desde every since till until",
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
    case caso chapter code day dia episode grade grado infusion item line opcion option page part paso phase pin press
    pregunta question round season sesion session stage step tomorrow treatment tratamiento visit visita vitamin vol
    week
    semana last next version page channel press
    """,
)
MONTHS = word_set(
    """
    abril agosto april apr aug august dec december diciembre enero feb febrero february jan january jul julio july jun
    june junio mar march marzo may mayo nov november noviembre oct october octubre sep sept september septiembre
    """
)
PARTS_OF_DAY = phrase_set(
    """
    in the morning | in the afternoon | in the evening | at night | de la manana | de la tarde | de la noche | p m |
    a m | o clock
    """
)
STREETS = word_set("ave avenue blvd court ct dr drive lane ln rd road st street")
FOR_DATES = word_set("appointment appt by cita dated due el on since until till for the")
PRAISE_AFTER = word_set(
    """
    again bday clinic date experience fantastic food recommend recomendaria recomiendo service staff team upvote visit
    would atencion servicio
    """
)
PRAISED = word_set(
    """
    clinic doctor doctora enfermera enfermero experience food game hair movie nurse personal product recomendado
    recommend service servicio show staff visit atencion experiencia
    """
)
OTHERS = word_set(
    """
    cat dad daughter dog el_ ella esposa esposo hes hija hijo he her his husband mama mom mother movie papa perro she
    shes
    sister brother son they wife
    """
)
THEIRS = word_set("his her their hers")
SLANG_AFTER = word_set(
    """
    be big busy die do early ever far fast get go hard her him hot late live long many me much real see sleep slow soon
    sure talk the them u us you young your
    """
)
BEFORE_ONE = word_set("a about around at be es feel id its is like la n say score the un was")
AT = word_set("at by")
PLACES_ON_SCALE = NAMES.keys() | word_set(
    "am been hanging held holding hovering im is it its m remains right s sitting still stay staying steady"
)
