"""The signed files as domain objects, or no start-up: parsed, checked against pinned digests, every fault at once."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from backend.domain.concerns import Priority, ReplyKind
from backend.domain.overrides import faults_of_bounds
from backend.domain.protocol import (
    CheckInRule,
    ClinicMay,
    Conversation,
    CrisisPack,
    CrisisReplies,
    EscalationRules,
    Protocol,
    Raise,
    Span,
    StaffedRules,
    Step,
    Thresholds,
    Window,
)
from backend.domain.reading.languages import Languages, read_languages
from backend.domain.reading.lexicon import Lexicon, build_lexicon
from backend.domain.rules import BY_NUMBERS
from backend.domain.signoff import Signature
from backend.domain.texts import Texts, faults_of, faults_of_files, texts_of

FOLDER = Path(__file__).parent
SIGNOFF = "signoff.toml"
DIGESTS_MARK = "\n[digests]\n"
_SOME_PHONE = "+14155550100"
OLDEST_VERIFICATION = timedelta(days=180)  # clinical notes 4a: crisis numbers are verified again at least so often


class UnsignedError(Exception):
    """A signed file is missing, malformed, unfit or changed; `faults` says everything, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Signed:
    """What a clinician signs: protocol, texts, crisis packs and lexicon."""

    protocol: Protocol
    texts: Texts
    packs: Mapping[str, CrisisPack]
    lexicons: tuple[Lexicon, ...]
    languages: Languages
    digest: str
    signatures: tuple[Signature, ...]

    @property
    def signature(self) -> Signature | None:
        """The newest signature under exactly these files; without one, this is test mode."""
        return next((given for given in reversed(self.signatures) if given.digest == self.digest), None)

    @property
    def is_signed(self) -> bool:
        return self.signature is not None

    def faults_for(self, clinic: str, phone: str, country: str) -> list[str]:
        """Why the texts cannot serve a clinic of this name, phone and country; empty when they can."""
        pack = self.packs.get(country)
        if pack is None:
            return [f"country: there is no crisis pack for {country}; there is one for {', '.join(sorted(self.packs))}"]
        return faults_of(self.texts, pack, clinic=clinic, phone=phone)


def load_signed(folder: Path = FOLDER) -> Signed:
    """Everything under `folder`. Raises `UnsignedError` with every fault at once."""
    documents, faults = _documents(folder)
    pinned = documents.pop(SIGNOFF, {})
    actual = digests(folder)
    faults += _digest_faults(pinned.get("digests", {}), actual)
    if faults:
        raise UnsignedError(faults)
    signed, faults = _built(documents, pinned, combined_digest(actual))
    if signed is None or faults:
        raise UnsignedError(faults)
    return signed


def digests(folder: Path = FOLDER) -> dict[str, str]:
    """The sha256 of every signed file, by its path below `folder`."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _signed_files(folder)
    }


def combined_digest(files: Mapping[str, str]) -> str:
    """One digest over all signed files: what a signature binds."""
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in sorted(files.items())).encode()).hexdigest()


def pin(folder: Path = FOLDER) -> str:
    """Write the files' present digests into the sign-off file, keeping its signatures. Returns the combined digest."""
    path = folder / SIGNOFF
    head, mark, _ = path.read_text(encoding="utf-8").partition(DIGESTS_MARK)
    lines = "".join(f'"{name}" = "{digest}"\n' for name, digest in digests(folder).items())
    path.write_text(f"{head}{mark or DIGESTS_MARK}{lines}", encoding="utf-8")
    return combined_digest(digests(folder))


def pin_faults(folder: Path = FOLDER) -> list[str]:
    """Every file that is missing, new or changed since it was pinned."""
    pinned = tomllib.loads((folder / SIGNOFF).read_text(encoding="utf-8"))
    return _digest_faults(pinned.get("digests", {}), digests(folder))


def stale_packs(signed: Signed, today: date) -> list[str]:
    """Crisis packs whose numbers nobody has verified for too long."""
    oldest = OLDEST_VERIFICATION.days
    return [
        f"crisis/{pack.country.lower()}.toml: verified on {pack.verified_on}, more than {oldest} days ago"
        for pack in signed.packs.values()
        if today - pack.verified_on > OLDEST_VERIFICATION
    ]


def _signed_files(folder: Path) -> list[Path]:
    found = [
        folder / "protocol.toml",
        folder / "languages.toml",
        *(path for sub in ("crisis", "texts") for path in (folder / sub).glob("*.toml")),
        *(folder / "lexicon").glob("*/*.toml"),
    ]
    return sorted(path for path in found if path.exists())


def _documents(folder: Path) -> tuple[dict[str, dict[str, Any]], list[str]]:
    documents: dict[str, dict[str, Any]] = {}
    faults = []
    for path in [*_signed_files(folder), folder / SIGNOFF]:
        name = path.relative_to(folder).as_posix()
        try:
            documents[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            faults.append(f"{name}: cannot be read: {error}")
    return documents, faults


def _digest_faults(pinned: Mapping[str, str], actual: Mapping[str, str]) -> list[str]:
    faults = [f"{name}: missing, but pinned in {SIGNOFF}" for name in pinned.keys() - actual.keys()]
    faults += [f"{name}: not pinned in {SIGNOFF}" for name in actual.keys() - pinned.keys()]
    changed = sorted(name for name in pinned.keys() & actual.keys() if pinned[name] != actual[name])
    faults += [f"{name}: changed since it was pinned; review it, then run `aftercare signoff pin`" for name in changed]
    return faults


def _built(
    documents: Mapping[str, dict[str, Any]], pinned: Mapping[str, Any], digest: str
) -> tuple[Signed | None, list[str]]:
    faults: list[str] = []
    parts: dict[str, Any] = {}
    for name, document in documents.items():
        try:
            parts[name] = _parsed(name, document)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            faults += [f"{name}: {line}" for line in reason.split("\n")]
    for needed in ("protocol.toml", "languages.toml"):
        if needed not in documents:
            faults.append(f"{needed}: missing")
    lexicons = _lexicons(documents, faults)
    if faults:
        return None, faults
    packs = {part.country: part for part in parts.values() if isinstance(part, CrisisPack)}
    signed = Signed(
        protocol=parts["protocol.toml"],
        texts=_texts(documents, packs),
        packs=packs,
        lexicons=lexicons,
        languages=parts["languages.toml"],
        digest=digest,
        signatures=tuple(as_signature(entry) for entry in pinned.get("signature", ())),
    )
    unwritten = [f"{SIGNOFF}: signature {fault}" for given in signed.signatures for fault in given.faults]
    return signed, [*unwritten, *_fitness_faults(signed)]


def _fitness_faults(signed: Signed) -> list[str]:
    """The texts must be whole in every country; each clinic's own name and phone are checked when it is added."""
    if not signed.packs or not signed.lexicons:
        return ["crisis/, lexicon/: at least one crisis pack and one lexicon are needed"]
    faults = faults_of_files(signed.texts, signed.packs)
    for country in signed.packs:
        faults += signed.faults_for(clinic="Clinic", phone=_SOME_PHONE, country=country)
    return faults + _raises_of_nothing(signed.protocol, signed.lexicons)


def _raises_of_nothing(protocol: Protocol, lexicons: Sequence[Lexicon]) -> list[str]:
    known = BY_NUMBERS.union(rule.family for lexicon in lexicons for rule in lexicon.rules)
    return [
        f"protocol.toml: raise: no rule raises a concern named {each.concern}"
        for each in protocol.raises
        if each.concern not in known
    ]


def _parsed(name: str, document: dict[str, Any]) -> object:
    kind = name.partition("/")[0]
    if kind == "protocol.toml":
        return build_protocol(document)
    if kind == "crisis":
        return _crisis_pack(document)
    if kind == "languages.toml":
        return read_languages(document)
    return None


def _lexicons(documents: Mapping[str, dict[str, Any]], faults: list[str]) -> tuple[Lexicon, ...]:
    """One lexicon a language, out of all the files in its folder."""
    names = sorted({name.split("/")[1] for name in documents if name.startswith("lexicon/")})
    lexicons: list[Lexicon] = []
    for name in names:
        files = (document for path, document in documents.items() if path.startswith(f"lexicon/{name}/"))
        try:
            lexicons.append(build_lexicon(name, *files))
        except ValueError as error:
            faults += [f"lexicon/{name}/: {line}" for line in str(error).split("\n")]
    return tuple(lexicons)


def _texts(documents: Mapping[str, dict[str, Any]], packs: Mapping[str, CrisisPack]) -> Texts:
    by_language = {
        name.removeprefix("texts/").removesuffix(".toml"): {k: v for k, v in document.items() if isinstance(v, str)}
        for name, document in documents.items()
        if name.startswith("texts/")
    }
    return texts_of(by_language, documents.get("texts/en.toml", {}).get("staff", {}), packs.values())


def as_signature(entry: Mapping[str, Any]) -> Signature:
    """A signature as it is written in the sign-off file; what it lacks is one of its faults."""
    return Signature(
        name=entry.get("name", ""),
        licence=entry.get("licence", ""),
        signed_on=entry.get("signed_on", ""),
        digest=entry.get("digest", ""),
        approved_by=entry.get("approved_by"),
    )


def _crisis_pack(document: Mapping[str, Any]) -> CrisisPack:
    return CrisisPack(
        country=document["country"],
        name=document["name"],
        calling_code=document["calling_code"],
        emergency=document["emergency"],
        crisis_line=document["crisis_line"],
        reach=document["reach"],
        verified_on=document["verified_on"],
        languages=tuple(document["languages"]),
        other_numbers=tuple(document.get("other_numbers", ())),
        territories=tuple(document.get("territories", ())),
        texts=document.get("texts", {}),
    )


def build_protocol(document: Mapping[str, Any]) -> Protocol:
    """The protocol as values. Raises `KeyError`, `TypeError` or `ValueError` naming what is wrong."""
    protocol = _protocol(document)
    if faults := faults_of_bounds(protocol):
        raise ValueError("\n".join(faults))
    return protocol


def _protocol(document: Mapping[str, Any]) -> Protocol:
    return Protocol(
        version=document["version"],
        window=Window(**document["window"]),
        prompts_a_day=document["caps"]["per_day"],
        prompts_in_seven_days=document["caps"]["per_seven_days"],
        answers_expire_at=document["answers"]["expire_at"],
        answers_count_for=timedelta(days=document["answers"]["count_for_days"]),
        check_ins=tuple(_check_in(entry) for entry in document["check_in"]),
        conversation=Conversation(
            remind_after=timedelta(hours=document["conversation"]["remind_after_hours"]),
            unreadable=document["conversation"]["unreadable"],
            replies_an_hour=document["conversation"]["replies_an_hour"],
            same_text=document["conversation"]["same_text"],
        ),
        staffed=StaffedRules(
            hours_left=timedelta(hours=document["staffed"]["hours_left"]),
            last_before_days_off=document["staffed"]["last_before_days_off"],
            longest_wait=timedelta(hours=document["staffed"]["longest_wait_hours"]),
        ),
        thresholds=Thresholds(**document["thresholds"]),
        raises=tuple(_raise(entry) for entry in document["raise"]),
        crisis_replies=_crisis_replies(document["crisis_reply"]),
        escalation=_escalation(document["escalation"]),
        clinic_may=_clinic_may(document["clinic_may"]),
    )


def _clinic_may(entry: Mapping[str, Any]) -> ClinicMay:
    return ClinicMay(
        days={name: _span(span) for name, span in entry["days"].items()},
        thresholds={name: _span(span) for name, span in entry["thresholds"].items()},
        remind_after_hours=_span(entry["remind_after_hours"]),
    )


def _span(pair: Sequence[int]) -> Span:
    first, last = pair
    return first, last


def _check_in(entry: Mapping[str, Any]) -> CheckInRule:
    return CheckInRule(
        name=entry["name"],
        asks=tuple(entry["asks"]),
        after_days=entry.get("after_days"),
        after_hours=entry.get("after_hours", {}),
        only_when=tuple(entry.get("only_when", ())),
        also={item: tuple(flags) for item, flags in entry.get("also", {}).items()},
        optional=tuple(entry.get("optional", ())),
    )


def _raise(entry: Mapping[str, Any]) -> Raise:
    return Raise(
        concern=entry["concern"],
        when=entry["when"],
        priority=Priority.from_label(entry["to"]),
        within=timedelta(hours=entry["within_hours"]) if "within_hours" in entry else None,
        reply=ReplyKind(entry["reply"]) if "reply" in entry else None,
    )


def _crisis_replies(entry: Mapping[str, int]) -> CrisisReplies:
    return CrisisReplies(
        suppress=timedelta(minutes=entry["suppress"]),
        repeat=timedelta(minutes=entry["repeat"]),
        full_again=timedelta(minutes=entry["full_again"]),
        confirm=timedelta(seconds=entry["confirm_seconds"]),
    )


def _escalation(entry: Mapping[str, Any]) -> EscalationRules:
    return EscalationRules(
        steps=tuple(Step(step["audience"], timedelta(minutes=step["wait_minutes"])) for step in entry["step"]),
        pace={Priority.from_label(label): pace for label, pace in entry["pace"].items()},
        outcome_within={
            Priority.from_label(label): timedelta(minutes=minutes)
            for label, minutes in entry["outcome_within_minutes"].items()
        },
        page_from=entry["page_from"],
        page_until=entry["page_until"],
        repeat_round=timedelta(minutes=entry["repeat_round_minutes"]),
    )
