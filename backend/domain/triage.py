"""What a text means for its sender: concerns worst first, a priority, one fixed reply, and where the text ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.domain.answers import NOTHING_ASIDE, Aside, Offer, OfferState, Taken, Told, take, word_answers
from backend.domain.concerns import UNSCREENED, Concern, Priority, ReplyKind, worst_first
from backend.domain.history import CrisisSent, History, Stranger
from backend.domain.protocol import CrisisReplies, Protocol, Thresholds
from backend.domain.replies import Keyword, Reply
from backend.domain.rules import as_if_not_given, of_scores, weighed
from backend.domain.scores import Measure, Nrs


class Disposition(StrEnum):
    """Where a kept text ends; exactly one of these (S2)."""

    ANSWERED = "answered"
    KEYWORD = "keyword"
    STAFF_COMMAND = "staff_command"
    ESCALATION = "escalation"


class Sender(StrEnum):
    """Who wrote, as far as the number tells."""

    PATIENT = "patient"
    STAFF = "staff"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The reading of one text, ready to be carried out in one transaction.

    `taken` says what its numbers come to; `offer` is the reading that the reply asks to confirm; `left` is what the
    check-in still asks. An `unreadable` text answered nothing of what was asked.
    """

    concerns: tuple[Concern, ...]
    priority: Priority
    reply: ReplyKind
    disposition: Disposition
    taken: Taken
    offer: Offer | None
    left: tuple[str, ...]
    unreadable: bool = False

    @property
    def scores(self) -> Mapping[Measure, Nrs]:
        """What is stored: never a guess, which is asked again."""
        return self.taken.scores

    @property
    def text_name(self) -> str:
        """The name of the words that the reply is made of."""
        return f"confirm_{self.offer.measure}" if self.offer is not None else self.reply.value


def triage(
    reply: Reply,
    found: Sequence[Concern],
    sender: Sender,
    history: History,
    *,
    protocol: Protocol,
    now: datetime,
    aside: Aside = NOTHING_ASIDE,
) -> Verdict:
    """Join what the words, the numbers and the history say. `found` are the screen's concerns."""
    taken = Taken() if history.takes_no_score else take(reply, aside, history.awaiting, history.so_far)
    offer = _offer(taken, sender, history)
    numbers = _of_numbers(taken, offer, reply, aside, sender, history, protocol.thresholds)
    said = [*found, *numbers, *_of_reply(reply, history), *_of_words(reply, history)]
    unseen = history.on_hold and _unscannable(reply, history) and not any(c.name in UNSCREENED for c in said)
    unreadable = False
    if unseen or (not said and _unclear(reply, taken, sender, history)):
        unreadable = sender is Sender.PATIENT and bool(history.awaiting) and not history.takes_no_score
        said.append(_unread(reply, sender, history, patience=protocol.conversation.unreadable if unreadable else None))
    concerns = worst_first(weighed(said, history, protocol.raises))
    if _is_of_nobody(sender, history) and concerns[0].priority < Priority.URGENT:
        concerns = (_unread(reply, sender, history), *concerns)
    priority = concerns[0].priority if concerns else Priority.NONE
    left = (
        history.awaiting if aside.extra else still_awaited(history.awaiting, {**taken.scores, **history.later}, reply)
    )
    routine = _routine_reply(reply, left, taken, history)
    kind = _reply_kind(reply, concerns, routine, sender, history, rules=protocol.crisis_replies, now=now)
    return Verdict(
        concerns=concerns,
        priority=priority,
        reply=kind,
        disposition=_disposition(reply, priority, sender),
        taken=taken,
        offer=offer if kind is ReplyKind.CONFIRM else None,
        left=left,
        unreadable=unreadable,
    )


def _offer(taken: Taken, sender: Sender, history: History) -> Offer | None:
    """The reading to put to the patient: the first in doubt that the check-in waits for and never offered before."""
    if sender is not Sender.PATIENT:
        return None
    open_to_offer = set(history.awaiting) - history.so_far.asked_again
    return next((Offer(m, value) for m, value in taken.doubts.items() if m in open_to_offer), None)


def could_not_screen(reason: str) -> Concern:
    """A screen that errs or is slow counts as urgent to a human, never as routine (S4)."""
    return Concern(
        "unscreened",
        Priority.ASAP,
        ReplyKind.SOFT,
        "screen-failed",
        f"The text could not be screened ({reason}); read it.",
    )


def _of_numbers(
    taken: Taken,
    offer: Offer | None,
    reply: Reply,
    aside: Aside,
    sender: Sender,
    history: History,
    limits: Thresholds,
) -> Iterable[Concern]:
    yield from of_scores(taken.scores, as_if_not_given(taken.corrected, history), limits)
    yield from of_scores({measure: history.later[measure] for measure in history.reread}, history, limits)
    if sender is not Sender.STAFF:
        ask = ReplyKind.CONFIRM if offer else ReplyKind.URGENT if sender is Sender.PATIENT else ReplyKind.NOTHING
        yield from (_doubt(measure, value, ask, reply, history, limits) for measure, value in taken.doubts.items())
    if aside.extra or taken.beyond:
        yield Concern("extra_number", Priority.ROUTINE, ReplyKind.URGENT, "extra-number", _EXTRA)
    if taken.settled is OfferState.REFUSED and history.so_far.offered is not None:
        why = f"Said no to {_plainly(history.so_far.offered)}: nothing is kept, and no more is asked; ask the patient."
        yield Concern("offer_refused", Priority.ROUTINE, ReplyKind.URGENT, "offer-refused", why)
    if history.reread:
        again = ", ".join(f"{measure} {history.later[measure]}" for measure in Measure if measure in history.reread)
        why = f"A text sent earlier came later; in the order they were sent, the texts after it say {again}."
        yield Concern("read_again", Priority.ROUTINE, ReplyKind.NOTHING, "read-again", why)


_EXTRA = "One more number than was asked, and not said to be a correction: the scores before it stand; read it."
_TOP = 10


def _plainly(offer: Offer) -> str:
    return f"{offer.measure} {offer.value}"


def _doubt(measure: Measure, value: Nrs, ask: ReplyKind, reply: Reply, history: History, limits: Thresholds) -> Concern:
    """A reading that is stored nowhere yet, at the priority of the most worrying thing it may mean."""
    upside_down = measure in reply.disagrees
    possible = (value, Nrs(_TOP - value)) if upside_down else (value,)
    worries = worst_first([c for each in possible for c in of_scores({measure: each}, history, limits)])
    if upside_down:
        name, rule, span = "possible_inversion", "words-disagree", reply.disagrees[measure]
        why = f"{measure.capitalize()} {value} beside words that say the opposite: maybe the scale was read upside down"
    else:
        name, rule, span = "unsure_score", "unsure-score", reply.scores[measure].span
        why = f"{measure.capitalize()} read as {value}, but not for sure"
    why += "; the patient is asked." if ask is ReplyKind.CONFIRM else "; not kept as a score: ask the patient."
    why += f" If so: {worries[0].why}" if worries else ""
    return Concern(name, max([Priority.ROUTINE, *(c.priority for c in worries)]), ask, rule, why, span)


def _of_reply(reply: Reply, history: History) -> Iterable[Concern]:
    if reply.safe is False:
        yield Concern(
            "not_home_safe",
            Priority.ASAP,
            ReplyKind.URGENT,
            "safety-no",
            "Answered 2 (not OK) to the same-day safety question.",
        )
    opting_out = reply.opts_out or reply.keyword_word in _STOP_WORDS
    if opting_out and (reply.keyword_word in _AMBIGUOUS_STOPS or _fragile(history)):
        why = (
            f"Opted out with the one word {reply.keyword_word}, which may mean more."
            if not _fragile(history)
            else ("Opted out with a low last mood, suicidal thoughts at baseline, or during a hold.")
        )
        yield Concern("opt_out_with_risk", Priority.URGENT, ReplyKind.STOP, "opt-out-risk", why)
    if reply.keyword is Keyword.START and history.discharged:
        why = "Asked for check-ins again, but is discharged: nothing was promised; ask whether they want to come back."
        yield Concern("asked_to_rejoin", Priority.ROUTINE, ReplyKind.URGENT, "start-after-discharge", why)
    if reply.keyword_word in _HELP_WORDS:
        yield Concern("asked_for_help", Priority.ROUTINE, ReplyKind.HELP, "help-keyword", "Sent the keyword HELP.")


def _of_words(reply: Reply, history: History) -> Iterable[Concern]:
    """What was answered to a question in words; to the one about side effects the words themselves say enough."""
    if history.on_hold:
        return
    for item, told in word_answers(history.awaiting, reply).items():
        if told is Told.REPORTED and item in _REPORTED:
            name, why = _REPORTED[item]
            yield Concern(name, Priority.URGENT, ReplyKind.URGENT, f"{item}-reported", why)


_REPORTED = {
    "bladder": (
        "bladder",
        "Asked about burning, blood or urge when passing water, and did not say no: read the answer.",
    ),
    "energy": ("mania", "Asked about little sleep and unusual energy, and did not say no: read the answer."),
}
_STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_AMBIGUOUS_STOPS = frozenset({"END", "QUIT"})
_HELP_WORDS = frozenset({"HELP", "INFO"})
_LOW_MOOD = 3


def _fragile(history: History) -> bool:
    low = history.last_mood is not None and history.last_mood <= _LOW_MOOD
    return low or history.on_hold or "si_baseline" in history.flags


def _is_of_nobody(sender: Sender, history: History) -> bool:
    """Whether it is not known who writes."""
    return sender is Sender.UNKNOWN or (sender is Sender.PATIENT and history.stranger is not None)


def _unclear(reply: Reply, taken: Taken, sender: Sender, history: History) -> bool:
    """Whether a human must read it although no rule matched: words, a photo, nothing at all, or an unknown sender."""
    if _is_of_nobody(sender, history) or history.has_photo:
        return True
    if sender is Sender.STAFF:
        return reply.acknowledges is None
    if taken.settled is OfferState.CONFIRMED and not reply.scores:
        return False  # a yes and nothing else
    read = bool(taken.scores) or taken.repeated or reply.keyword is not None or reply.opts_out or reply.courtesy
    read = read or reply.safe is not None or reply.declines
    return history.on_hold or reply.words or not read


def _unread(reply: Reply, sender: Sender, history: History, *, patience: int | None = None) -> Concern:
    """Why a person must read it. Once `patience` runs out, the patient is thanked, then left alone: no loop."""
    name, priority, kind, why = (
        "free_text",
        Priority.ROUTINE,
        ReplyKind.URGENT,
        "Words that are not an answer: read them.",
    )
    if sender is Sender.UNKNOWN:
        name, priority, kind = "unknown_sender", Priority.URGENT, ReplyKind.UNKNOWN_SENDER
        why = "A text from a number that belongs to no patient and no staff member."
    elif sender is Sender.PATIENT and history.stranger is not None:
        name, priority, kind = "unverified_sender", Priority.URGENT, ReplyKind.UNKNOWN_SENDER
        why = _STRANGER[history.stranger]
    elif sender is Sender.STAFF:
        kind, why = ReplyKind.STAFF, "A staff member's text that is not a command."
    elif _unscannable(reply, history):
        name, priority, kind = "unscannable", Priority.URGENT, ReplyKind.SOFT
        why = "A photo, an attachment or an empty text: nothing to screen, look at it."
    elif history.on_hold:
        priority, kind, why = Priority.URGENT, ReplyKind.SOFT, "A text during a hold after a crisis: read it."
    elif patience is not None and history.unreadable + 1 >= patience:
        name, why = (
            "unreadable",
            f"{history.unreadable + 1} texts that answer nothing of what was asked: call the patient.",
        )
        kind = ReplyKind.THANKS_READ if history.unreadable + 1 == patience else ReplyKind.NOTHING
    return Concern(name, priority, kind, f"unread-{name}", why)


def _unscannable(reply: Reply, history: History) -> bool:
    facts = (reply.words, reply.scores, reply.acknowledges, reply.keyword, reply.opts_out, reply.courtesy)
    return history.has_photo or not (any(facts) or reply.declines or reply.safe is not None)


_STRANGER = {
    Stranger.QUARANTINED: "From a number that may be somebody else's: no score is kept; verify whose it is.",
    Stranger.UNCONFIRMED: "From the new number, which has not said yes yet: read it; whose phone it is is not known.",
    Stranger.DECEASED: "From the number of a patient who died: read it, a relative may be writing.",
}


def _disposition(reply: Reply, priority: Priority, sender: Sender) -> Disposition:
    if priority >= Priority.ROUTINE:
        return Disposition.ESCALATION
    if sender is Sender.STAFF and reply.acknowledges is not None:
        return Disposition.STAFF_COMMAND
    if reply.keyword is not None or reply.opts_out:
        return Disposition.KEYWORD
    return Disposition.ANSWERED


_REPLY_RANK = (
    ReplyKind.CRISIS, ReplyKind.MEDICAL, ReplyKind.NEUTRAL, ReplyKind.STOP, ReplyKind.SOFT, ReplyKind.URGENT,
    ReplyKind.UNKNOWN_SENDER, ReplyKind.STAFF, ReplyKind.HELP, ReplyKind.CONFIRM, ReplyKind.THANKS_READ,
)  # fmt: skip


def _reply_kind(
    reply: Reply,
    concerns: Sequence[Concern],
    routine: ReplyKind,
    sender: Sender,
    history: History,
    *,
    rules: CrisisReplies,
    now: datetime,
) -> ReplyKind:
    """One text goes back. A crisis reply outranks everything; who opted out and is in no danger hears only that."""
    kinds = {concern.reply for concern in concerns}
    if ReplyKind.CRISIS in kinds:
        worst = max(c.priority for c in concerns if c.reply is ReplyKind.CRISIS)
        return crisis_reply(worst, history.crisis_sent, rules, now)
    if sender is Sender.STAFF and reply.acknowledges is not None:
        return ReplyKind.STAFF
    if history.stranger is not None:
        return ReplyKind.MEDICAL if ReplyKind.MEDICAL in kinds else ReplyKind.UNKNOWN_SENDER
    if reply.opts_out or reply.keyword_word in _STOP_WORDS:
        kinds = (kinds & {ReplyKind.MEDICAL}) | {ReplyKind.STOP}
    chosen = next((kind for kind in _REPLY_RANK if kind in kinds), None)
    silent = concerns and all(concern.rule == "unread-unreadable" for concern in concerns)
    return chosen or (ReplyKind.NOTHING if silent else routine)


def crisis_reply(priority: Priority, sent: Sequence[CrisisSent], rules: CrisisReplies, now: datetime) -> ReplyKind:
    """In full the first time, on any rise and after a day; nothing for minutes after one; the short form in between
    (CLINICAL.md 4e). Only texts whose delivery has not failed are in `sent`.
    """
    full = [text for text in sent if text.full and now - text.at < rules.full_again]
    if not full or priority > max(text.priority for text in full):
        return ReplyKind.CRISIS
    newest = max(text.at for text in sent)
    repeats = [text.at for text in sent if not text.full]
    if now - newest < rules.suppress or (repeats and now - max(repeats) < rules.repeat):
        return ReplyKind.NOTHING
    return ReplyKind.CRISIS_REPEAT


def _routine_reply(reply: Reply, left: tuple[str, ...], taken: Taken, history: History) -> ReplyKind:
    """Thanks, or the next question; what was offered once is not asked again."""
    if reply.keyword_word in _HELP_WORDS:
        return ReplyKind.HELP
    if reply.keyword is not None:
        return ReplyKind.START
    if left == history.awaiting and not taken.corrected:
        return ReplyKind.NOTHING
    to_ask = [item for item in left if item not in history.so_far.asked_again]
    return _QUESTION.get(to_ask[0], ReplyKind.THANKS) if to_ask else ReplyKind.THANKS


_QUESTION = {
    "mood": ReplyKind.ASK_MOOD,
    "pain": ReplyKind.ASK_PAIN,
    "sleep": ReplyKind.ASK_SLEEP,
    "side_effects": ReplyKind.ASK_SIDE_EFFECTS,
    "bladder": ReplyKind.ASK_BLADDER,
    "energy": ReplyKind.ASK_ENERGY,
}


def still_awaited(awaiting: Sequence[str], scores: Mapping[Measure, Nrs], reply: Reply) -> tuple[str, ...]:
    """What the check-in still asks after this text."""
    answered = {measure.value for measure in scores} | word_answers(awaiting, reply).keys()
    if reply.safe is not None:
        answered.add("safety")
    return tuple(item for item in awaiting if item not in answered)
