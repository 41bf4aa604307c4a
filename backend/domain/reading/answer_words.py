"""The words of answers that are no scores, in both languages: politeness, yes, no and stop; and the number words."""


def word_set(text: str) -> frozenset[str]:
    """The words of a block of text."""
    return frozenset(text.split())


def phrase_set(text: str) -> tuple[str, ...]:
    """The phrases of a block of text, parted by bars."""
    return tuple(" ".join(phrase.split()) for phrase in text.split("|"))


def _numbered(text: str) -> dict[str, int]:
    """The words of a block of text, counted from nought."""
    return {word: at for at, word in enumerate(text.split())}


NUMBERS = {
    **_numbered("zero one two three four five six seven eight nine ten"),
    **_numbered("cero uno dos tres cuatro cinco seis siete ocho nueve diez"),
}
NUMBER_WORDS = {
    **NUMBERS,
    **_numbered("nil un dos thre fuor fiv sies sevn eigth nuebe dies"),
    "una": 1,
    "sinco": 5,
    "ciete": 7,
    "eigt": 8,
}
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
# The parts of an opt-out in plain words: what ends, with what in between, and what it is that ends.
_OF_MESSAGES = r"(?:(?:the|these|this|those|all|your|ur|any|more|my|me|it|with|please|sending|getting|receiving) ){0,5}"
_MESSAGES = (
    r"(?:texts?|texting|txts?|messages?|messaging|msgs?|sms|check ?ins?|checkins|reminders?|notifications?|contacting)"
)
_DE_MENSAJES = (
    r"(?:(?:a|con|de|deseo|enviar|enviarme|envie|envien|estos|favor|las|los|mandar|mandarme|mande|manden|mandes"
    r"|mas|me|por|quiero|recibir|recibiendo|sus|ya) ){0,6}"
)
_MENSAJES = r"(?:mensajes?|mensajitos?|textos?|sms)"
_NOT_ABLE = "(?<! cant)(?<! wont)(?<! couldnt)"
OPT_OUT_FORMS = (
    rf"{_NOT_ABLE} (?:stopp?|quit|end|cancel|discontinue|cease|no more|turn off) {_OF_MESSAGES}{_MESSAGES} ",
    r" (?:dont|do not|never) (?:please |ever )?(?:text|txt|message|msg) ",
    rf" (?:dont|do not) send (?:me )?(?:any ?more|{_OF_MESSAGES}{_MESSAGES}) ",
    rf" (?:dont|do not|no longer) (?:want|wish|need) (?:to (?:get|receive|be sent) )?{_OF_MESSAGES}{_MESSAGES} ",
    r" (?:dont|do not|no longer) (?:want|wish|need) (?:to (?:get|receive) )?(?:these|them) (?:any ?more |please |$)",
    r" no longer (?:want|wish) to (?:get|receive) ",
    r" (?:remove|delete|erase|lose|take) (?:please )?my (?:phone |cell )?number ",
    r" (?:turn|switch) (?:these|them|this) off ",
    r" (?:wrong (?:person|number)) (?:please )?stop ",
    r" (?:unenroll|unsuscribe|unsub|deregister) ",
    rf" (?:no|ya no|nunca|dejen|deje|deja|paren|pare|basta|cancelen?|cancelar|detengan?) {_DE_MENSAJES}{_MENSAJES} ",
    r" no me (?:escriba|escribas|escriban|manden?|textee|textees) ",
    r" (?:dejen|deje|deja|paren|pare) de (?:escribirme|molestarme|mandarme|enviarme|textearme) ",
    r" (?:quite|quiten|borre|borren|elimine|eliminen|saque|saquen|quita|borra|elimina) mi (?:numero|telefono|celular) ",
    r" (?:quiteme|quitenme|saqueme|saquenme|borreme|borrenme|eliminenme|elimineme) (?:de (?:la|su|esta) lista )?",
)
# With only these around it, an opt-out says nothing else.
AROUND_OPT_OUT = word_set(
    """
    again all any anymore being checkin checkins contact contacting enviarme escribir escribirme favor from further get
    getting gracias hello hey hi hola i id im ins check it kindly la like list lista mandar mandarme mas me mensajes
    message messages messaging mi more my now number numero of ok para please por program quiero receive receiving
    recibir reminders send sending sms su suscripcion text texting textos texts thank thanks the them these this to us
    want wish with would ya you your
    """
)
# "Stop" before one of these is about the body, not about texts.
COMPLAINT = word_set(
    """
    aching appointment bleeding breathing crying de dolor drinking eating feeling hurting hurts it itching meds
    medication medicine medicines my pain panicking pounding shaking smoking spinning spotting taking the this vomiting
    """
)
STOP_FIRST = word_set("stop stopall stopp unsubscribe")
# These open an opt-out only with a word about texts behind them: "cancel please", but "cancel my appointment".
MAY_STOP_FIRST = word_set("alto baja cancel parar quit")
# Asking for something else to stop.
NOT_TEXTS_STOP = phrase_set(
    "make it stop | makes it stop | it to stop | make this stop | them to stop | pain to stop | thoughts stop"
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
# The same to everything that is still asked.
DECLINES_ALL = phrase_set(
    """
    n n | n n n | no a todo | no no | no no no | no to all | no to both | none of that | none of them | none of these |
    none of those | nothing of that | nada de eso | ninguno de esos | ni lo uno ni lo otro | neither
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
