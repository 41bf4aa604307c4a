"""What Twilio does by itself on a one-word message: opt-out, opt-in, help."""

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})

REPLIES = {
    "stop": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "start": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "help": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def keyword(body: str) -> str | None:
    """Return "stop", "start" or "help" if the whole message is such a word; "STOP PLEASE" is none."""
    word = body.strip().upper()
    if word in STOP:
        return "stop"
    if word in START:
        return "start"
    return "help" if word in HELP else None
