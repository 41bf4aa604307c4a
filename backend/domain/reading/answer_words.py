"""The words around answers, in both languages: what names a score, what is no score, politeness, yes, no and stop."""

from backend.domain.scores import Measure


def word_set(text: str) -> frozenset[str]:
    """The words of a block of text."""
    return frozenset(text.split())


def phrase_set(text: str) -> tuple[str, ...]:
    """The phrases of a block of text, parted by bars."""
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


def _numbered(text: str) -> dict[str, int]:
    """The words of a block of text, counted from nought."""
    return {word: at for at, word in enumerate(text.split())}


NUMBER_WORDS = {
    **_numbered("zero one two three four five six seven eight nine ten"),
    **_numbered("cero uno dos tres cuatro cinco seis siete ocho nueve diez"),
    **_numbered("nil un dos thre fuor fiv sies sevn eigth nuebe dies"),
    "una": 1,
    "sinco": 5,
    "ciete": 7,
    "eigt": 8,
}
SLOTS = {
    **dict.fromkeys(("mood", "mod", "moood", "animo", "humor", "m", "feeling", "estado"), Measure.MOOD),
    **dict.fromkeys(("pain", "dolor", "p", "pian", "paine", "d", "hurt", "hurts"), Measure.PAIN),
}
LETTER_SLOTS = frozenset({"m", "p", "d"})
# "One" and "un" are mostly articles, "ten" mostly the end of the scale.
ARTICLES = word_set(
    """
    one ten un una uno
    """
)
LARGE_WORDS = word_set(
    """
    catorce cien ciento cincuenta cuarenta doce eighteen eighty eleven fifteen fifty forty fourteen hundred mil
    nineteen ninety once quince seventeen seventy sixteen sixty thirteen thirty thousand trece treinta twelve
    twenty veinte
    """
)
# A number before one of these counts something else.
UNITS = word_set(
    """
    am ano anos appointments beats beers blocks bottles bpm bucks calls cats children cm cups day days degrees
    dia dias dogs dollars dose doses dosis drinks feet ft g glasses gm grams h hora horas hour hours hr hrs
    infusions kg kids kilos lbs mas mcg meals men mes meses messages mg miles milligrams min mins minute minutes
    minutos ml month months more naps nd night nights noche noches o oclock ounces oz pastillas people percent
    pill pills pints plus pm points pounds pts rd refills semana semanas sesiones session sessions st stars
    steps sugars tab tablets tabs texts th time times treatments units veces vez week weeks wks women x year
    years yr yrs
    """
)
# A number after one of these is a dose, a day, an hour, an address.
BEFORE_OTHERS = word_set(
    """
    ack after age aged apt at been before bus by call case chapter day dia dose every for gate grade last level
    line next number only page past platform room route session since step street suite take taking text tome
    tomo took treatment unit until week
    """
)
MONTHS = word_set(
    """
    apr april aug august dec december feb february jan january jul july jun june mar march may nov november oct
    october sep sept september
    """
)
PAST = word_set(
    """
    ago antes ayer before earlier era estaba from normally originally started typically used usually was were
    yesterday
    """
)
NOW = word_set(
    """
    ahora currently down hoy now to today tonight
    """
)
CORRECTIONS = word_set(
    """
    actually correction digo instead mean meant no perdon rather sorry wait
    """
)
# Words that leave a score as it is but soften it.
VAGUE = word_set(
    """
    about above abt almost approx approximately aproximadamente ard around below between casi close como guess
    ish just like maybe near nearly over perhaps probably quizas roughly somewhere think under unos
    """
)
# Words that may stand around a score without saying anything more.
FRAME = word_set(
    """
    a ahora an and answer at be currently d de down easily el en es esta feel give go goes got haha has have hmm
    honestly hoy i id im in is it its la lets level ll lol m mas me menos mi my now number of oh ok okay on only
    out overall pretty put rating re really right s say scale score so still tengo that the think to today todo
    told uh um un una ve was well went with would y
    """
)
# Words with which an answer goes on after its score.
ANSWERS_ON = word_set(
    """
    ahora and at bad because better but en feel feeling for good gracias hoy i im it its just much my not now ok
    okay out pero porque really right so still thanks the today very with worse y
    """
)
# "10/10 would recommend".
PRAISE = word_set(
    """
    again date experience recomiendo recommend service upvote would
    """
)
POLITE = word_set(
    """
    afternoon blush buenas buenos dias evening good gracias heart hello hey hi hola morning noches ok ok_hand
    okay please pray slightly_smiling_face smile tardes thank thanks thumbsup thx ty you
    """
)
BETWEEN = FRAME | VAGUE | PAST | NOW | CORRECTIONS | POLITE | frozenset(":=-,.'s") | {"level", "score", "went", "then"}
# Any of these asks for no more texts. A bare "stop" inside a sentence does not: "it won't stop hurting".
OPT_OUT_PHRASES = phrase_set(
    """
    stop texting | stop text | stop messaging | stop sending | stop contacting | stop these | stop all texts |
    stop all messages | stop the texts | stop the messages | stop bothering me | quit texting | quit messaging |
    dont text me | do not text me | dont message me | dont contact me | do not contact me | no more texts | no
    more messages | no more text | unsubscribe | opt out | opt me out | optout | opting out | take me off |
    remove me | leave me alone | stop please | please stop | stop all | cancel texts | cancel these | cancel
    messages | end these texts | end the texts | revoke my consent | revoke consent | lose my number | delete my
    number | no mas mensajes | no mas textos | no me escriban | no me manden | no me envien | dejen de | deje de
    mandar | deje de escribir | deje de enviar | paren de | parar mensajes | cancelar mensajes | no quiero
    mensajes | no quiero mas mensajes | no quiero recibir | quitenme | borren mi numero | darme de baja | denme
    de baja | dar de baja | cancelar suscripcion | no me contacten | no me molesten
    """
)
# An opt-out made only of these says nothing else.
ABOUT_TEXTS = word_set(
    """
    all alone alto any anymore baja borren bothering cancel cancelar consent contact contacten contacting dar
    darme de deje dejen delete denme do dont end enviar enviarme envien escriban escribir escribirme favor from
    gracias i im it kindly la leave like list lista lose mandar mandarme manden mas me mensajes message messages
    messaging mi molesten more my no not now number numero off opt opting optout out parar paren please por
    quiero quit quitenme recibir remove revoke send sending sms stop stopall su suscripcion take text texting
    textos texts thank thanks the them these this to unsubscribe us want would ya you your
    """
)
# "Stop" before one of these is about the body, not about texts.
COMPLAINT = word_set(
    """
    bleeding crying hurting hurts it pain shaking the this vomiting
    """
)
STOP_FIRST = word_set(
    """
    alto baja cancel parar quit stop stopall unsubscribe
    """
)
# No side effects.
DECLINES = phrase_set(
    """
    all good | n | nada | nah | ningun | ninguna | ninguno | no | no efectos | no efectos secundarios | no
    gracias | no issues | no nada | no ninguno | no none | no nothing | no problem | no problems | no side
    effect | no side effects | no thank you | no thanks | no worries | none | none at all | none thank you |
    none thanks | nope | not at all | nothing | nothing at all | nothing to report | sin efectos | todo bien
    """
)
# Home and safe.
SAFE = phrase_set(
    """
    1 | 1 ok | 1 thanks | all good | bien | estoy bien | fine | good | home | home and safe | home safe | im
    fine | im home | im ok | im okay | im safe | k | ok | okay | one | safe | safe at home | si | si estoy bien
    | sip | todo bien | uno | y | yeah | yep | yes | yes home | yes im home | yes im ok | yes safe | yes thanks
    """
)
UNSAFE = phrase_set(
    """
    2 | 2 no | 2 not ok | dos | im not ok | im not okay | im not safe | mal | n | no | no 2 | no bien | no estoy
    bien | nope | not ok | not okay | not safe | two | unsafe
    """
)
# Politeness that, to the question how one feels, is an answer in words.
STATES = word_set(
    """
    good great bien bueno perfect perfecto cool smile smiley grinning relaxed sunny
    """
)
# A text made only of these is politeness ...
COURTESIES = word_set(
    """
    a amable appreciate bien blue_heart blush bueno clap cool de do entendido folded_hands good got gracias
    great green_heart grinning heart hearts hugging_face hugs it k kk listo lot much muchas muy nada ok ok_hand
    okay perfect perfecto pray relaxed slightly_smiling_face smile smiley so sounds sunny thank thanks thankyou
    thumbsup thx two_hearts ty tysm understood vale very welcome will you youre
    """
)
# ... if one of these is among them.
COURTEOUS = word_set(
    """
    amable appreciate bien blue_heart blush bueno clap cool entendido folded_hands good got gracias great
    green_heart grinning heart hearts hugging_face hugs k kk listo ok ok_hand okay perfect perfecto pray relaxed
    slightly_smiling_face smile smiley sunny thank thanks thankyou thumbsup thx two_hearts ty tysm understood
    vale welcome will
    """
)
