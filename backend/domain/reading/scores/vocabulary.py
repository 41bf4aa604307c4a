"""The words that make up an answer on 0-10, in both languages: numbers, names, hedges, times and the frame around."""

from backend.domain.reading.answer_words import NUMBER_WORDS, phrase_set, word_set
from backend.domain.scores import Measure

# "Un" and "una" are articles, "dies" is a verb before it is a ten.
NUMERALS = {word: value for word, value in NUMBER_WORDS.items() if word not in ("un", "una", "dies")}
# "One" is mostly a pronoun, "ten" mostly the end of the scale: each counts only where a number is expected.
SELDOM_NUMBERS = word_set("one ten uno")
TENS = word_set("10 ten diez")
# A number beside one of these is part of a larger one ("twenty four", "treinta y cinco").
LARGE_WORDS = word_set(
    """
    catorce cien ciento cincuenta cuarenta doce eighteen eighty eleven fifteen fifty forty fourteen hundred mil
    nineteen ninety ochenta once quince setenta sesenta noventa seventeen seventy sixteen sixty thirteen thirty
    thousand trece treinta twelve twenty veinte
    """
)
# English and Spanish words at one slip from a number word that are never a misspelling of it.
NOT_MISSPELT = word_set(
    """
    cargo cuadro cuarto diet dice doze eighty even fifty file fine fire fires fives five's fivers foul fours for
    forty four's free here hero live mine nice nieve nina nines ninety none nova nueva nuevo ocio ojo oche once
    seas seen sees sever seventy severe severs siempre siesta siente siento sleven sois tens than the then there
    these they this those threads threw tree trees tras tren trees toes tried tries trip treat twice zeros zoo
    """
)

NAMES = {
    **dict.fromkeys(
        word_set("anim animo animos emotionally humor mentally mod mood mooda moode moods moood spirit spirits"),
        Measure.MOOD,
    ),
    **dict.fromkeys(word_set("ache aches dolor dolores dolr pain paine painlevel pains pane pian pn"), Measure.PAIN),
}
for _name in [*NAMES]:
    NAMES[_name + "s"] = NAMES[_name]  # "pain's a 3"
# These name a measure only when nothing plainer does, and only ahead of their number.
WEAK_NAMES = {
    **dict.fromkeys(word_set("feeling feelings"), Measure.MOOD),
    **dict.fromkeys(word_set("duele duelen hurt hurting hurts"), Measure.PAIN),
}
# These name a measure only when it was asked: "slept 6" tells of hours as a rule.
NAMES_IF_ASKED = dict.fromkeys(word_set("dormi dormir sleep sleeping slept sueno"), Measure.SLEEP)
LETTER_NAMES = {"m": Measure.MOOD, "p": Measure.PAIN, "d": Measure.PAIN}
# What may stand between a number and the name after it ("3 for my pain").
TO_NAME = word_set("( a con de del el en for in la mi my of on para the with")
BINDS_BEFORE = word_set("( for on para")
# "Pain meds" and "mood swings" name no measure.
NOT_NAMED = word_set(
    """
    clinic doctor dr free killer killers management med medication medications medicine meds patch pill pills relief
    relievers reliever specialist stabilizer stabilizers swing swings
    """
)
BODY = word_set(
    """
    abdomen ankle arm back body cabeza cadera chest cuello elbow espalda estomago feet foot hand head hip hombro
    joint joints knee leg legs lower mano muela neck nerve pecho pie pierna rodilla shoulder stomach tooth upper
    wrist
    """
)

# Words that lead up to a score and say nothing more.
LEAD = word_set(
    """
    theyre yo wise lvl todays un una con
    a about above abt actually alrededor almost am an and answer approx approximately aproximadamente ard are around
    at average barely be been being believe below between bueno calificacion calificaria call casi cerca close
    como con correction creo currently de definitely del digamos digo diria doy easily eh el en entre er es esta
    estado estaria este estoy exactly falling feel feeling feels felt for from get gets give giving goes going
    gonna got guess has hasta held here heres holding honestly hovering i id ill im in is it its just la le lets
    level levels like llega lo maybe me mean meant mi mine more most mostly moving much my name near nearly nivel
    now number numero of ok okay on only oops oh or overall perdon perhaps personally pongo pretty probably
    probablemente pues put quise quizas rate rated rating really right roughly said say saying scale score seria
    si sigue siento sitting so solid solo somewhere sorry sort steady still stays strong suppose supongo tal the
    then think thinking this to today tonight totally um uh under uno unos usually ve vez wait was well were with
    would told they id haha hahaha lol yeah yep yes y
    """
) | word_set("hoy ahora antes ayer bajo subio mas menos que decir rather hmm hm mm tbh ugh overall q1 q2 a1 a2")
# Words that follow a score and say nothing more.
TRAIL = word_set(
    """
    ahora wise ambas ambos approx approximately atm aprox at aun average bien both both currently each easily en este
    exactly favor general good guess haha hahaha honestly hoy i imo ish just lah level lol lmao los
    maybe me mi momento moment more much my myself now ok okay or overall pls please por
    pretty probably quizas right rn so still supongo suppose thanks the think this though tho thx thanx to
    today todavia tonight ty thank today's yeah yes you
    """
)
POLITE = word_set(
    """
    afternoon blush buenas buenos good dia dias evening gracias heart hearts hello hey hi hola morning noches ok_hand
    pray slightly_smiling_face smile smiley tardes thank thanks thumbsup thx ty you doctor dr nurse team everyone
    """
)
# "Have" leads up to a score only with an article: "I have a 7", but "I have 2".
HOLDERS = word_set("have got had hay tengo tenia")
ARTICLES = word_set("a an un una the")
# With these a frame begins anew, whatever was said before: "my head hurts its a 7".
OPENERS = word_set("about around como diria es id im is its like maybe now ahora hoy probably said say")
# With one of these an answer goes on after its score.
GOES_ON = word_set(
    """
    also always and anxious as at aunque bad because been better but cause con cos cuz dolor even except feel
    feeling felt for good had hasta have i im in it its less maybe me mostly much my no not n nothing on or pain
    pero plus porque que really since sin sleepy so some sometimes still than thats the though tired too until
    very was went when which while with without worse y yet can cant could didnt dont how ive should took we what why
    will
    """
)
HEDGED_AFTER = word_set("+ ? ish lor minus plus something")
HEDGED_AFTER_PAIRS = phrase_set(
    """
    - ish | or so | o asi | y pico | mas o | or less | or more | o mas | o menos | or something | or thereabouts |
    plus or | and change | give or | or higher | or lower | or under | or over
    """
)
# A bound, not a value: "more than 7", "under 3", "menos de 4".
BOUNDS = phrase_set(
    """
    more than | less than | mas de | menos de | at least | at most | al menos | por lo menos | over | under | above |
    below | higher than | lower than | up to | hasta
    """
)
RANGE_JOINS = word_set("- ~ a o or to")

# Times ---------------------------------------------------------------------------------------------------------------

# These speak of the number after them ...
WAS = word_set("antes era estaba estuvo from fue normally originally started tenia typically used usually was were")
# ... and these of the number before them, if it has no such word yet.
AGO = word_set("ago anoche ayer before earlier previously yesterday")
PAST_PAIRS = phrase_set(
    """
    this morning | last night | last week | last time | last month | esta manana | la semana | el lunes | on monday |
    used to | other day | at first | al principio
    """
)
NOW = word_set("actualmente ahora ahorita currently hoy now nowadays present presently rn today tonight")
MOVES = word_set(
    """
    bajado bajo cayo came come comes decreased down dropped fallen fell gone got improved increased jumped mejoro
    moved paso rose risen subido subio up went
    """
)
CORRECTIONS = word_set(
    """
    * actually correction digo equivoque make mean meant mejor oops perdon quise rather scratch sorry typo wait whoops
    """
)

BOTH = phrase_set("both | ambos | ambas | los dos | las dos | each | for each | the both")

# No number, and yet a score of pain ----------------------------------------------------------------------------------

NO_PAIN = phrase_set(
    """
    no pain | no pains | no more pain | no pain at all | no real pain | not in pain | not in any pain | not any pain |
    without pain | without any pain | dont have pain | dont have any pain | do not have any pain | i have no pain |
    pain free | pain - free | painfree | pain none | pain : none | pain - none | pain = none | pain is none |
    pain nothing | pain : nothing | pain is gone | pain gone | pain is all gone | pain all gone | nothing hurts |
    sin dolor | sin dolores | sin ningun dolor | sin nada de dolor | no hay dolor | no tengo dolor |
    no tengo nada de dolor | no tengo ningun dolor | no siento dolor | no siento ningun dolor | ningun dolor |
    nada de dolor | no me duele nada | no me duele | dolor ninguno | dolor : ninguno | dolor nada | dolor : nada |
    ya no me duele | ya no tengo dolor
    """
)
AFTER_NO_PAIN = word_set(
    """
    ahora ahorita all and animo anymore at at but currently for gracias hoy i just mood moment my now nada pero
    right rn so still thank thanks today tonight whatsoever y
    """
)
BEFORE_NO_PAIN = LEAD | word_set("am and currently estoy feel have having hay i im in tengo there theres with y")
NOTHING = word_set("none nothing nada ninguno ninguna ningun nil zip zilch")
AFTER_NOTHING = word_set("all at ahora de gracias hoy now right thank thanks today you absolutely")
