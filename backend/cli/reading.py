"""`aftercare read`: texts in, one JSON object a line out, without any database."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click

from backend.domain.concerns import Concern
from backend.domain.history import History
from backend.domain.protocol import ASKS
from backend.domain.replies import read_reply
from backend.domain.screening import Screen
from backend.domain.triage import Sender, Verdict, triage
from config.loading import Signed, UnsignedError, load_signed
from config.settings import SettingsError


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--csv", "column", help="The file is CSV; read this column.")
@click.option("--locale", type=click.Choice(["en", "es"]), default="en", help="The language of the reply's words.")
@click.option("--awaiting", default="mood,pain", help="What was asked, in order: any of " + ", ".join(ASKS) + ".")
def read(file: Path | None, column: str | None, locale: str, awaiting: str) -> None:
    """Read texts, one per line or from a CSV column, from FILE or standard input, as the product would."""
    asked = tuple(item.strip() for item in awaiting.split(",") if item.strip())
    if unknown := set(asked) - set(ASKS):
        raise click.UsageError(f"--awaiting: {len(unknown)} unknown; choose among {', '.join(ASKS)}")
    try:
        signed = load_signed()
    except UnsignedError as error:
        raise SettingsError([f"config/{fault}" for fault in error.faults]) from None
    reader = Reader(signed, locale, asked)
    with _opened(file) as lines:
        for text in _texts(lines, column):
            sys.stdout.write(json.dumps(reader(text)) + "\n")


def _opened(file: Path | None) -> TextIO:
    """Whatever bytes there are: what is not UTF-8 is kept as lone surrogates, never refused."""
    if file is not None:
        return file.open(encoding="utf-8", errors="surrogateescape", newline="")
    return open(sys.stdin.fileno(), encoding="utf-8", errors="surrogateescape", newline="", closefd=False)


def _texts(lines: TextIO, column: str | None) -> Iterator[str]:
    if column is None:
        yield from (line.rstrip("\r\n") for line in lines)
        return
    csv.field_size_limit(sys.maxsize)
    rows = csv.DictReader(lines)
    if column not in (rows.fieldnames or ()):
        raise click.UsageError(f"--csv: the file has no column {column!r}")
    yield from (row[column] or "" for row in rows)


class Reader:
    """Screen, read and triage one text, for a patient of whom nothing is known."""

    def __init__(self, signed: Signed, locale: str, awaiting: tuple[str, ...]) -> None:
        self._signed = signed
        self._screen = Screen(signed.lexicons, signed.languages)
        self._locale = locale
        self._history = History(awaiting=awaiting)

    def __call__(self, text: str) -> dict[str, Any]:
        reply = read_reply(text, self._history.awaiting)
        verdict = triage(
            reply,
            self._screen(text),
            Sender.PATIENT,
            self._history,
            protocol=self._signed.protocol,
            now=datetime.now(UTC),
        )
        return {
            "text": text,
            "scores": {measure.value: int(value) for measure, value in verdict.scores.items()},
            "unsure": {m.value: int(r.value) for m, r in reply.scores.items() if not r.sure},
            "disagrees": {m.value: list(span) for m, span in reply.disagrees.items()},
            "keyword": reply.keyword.value if reply.keyword else None,
            "opts_out": reply.opts_out or (reply.keyword is not None and reply.keyword.value == "stop"),
            "concerns": _concerns(text, verdict.concerns),
            "priority": verdict.priority.label,
            "reply": verdict.reply.value,
            "reply_text": self._words(verdict),
            "disposition": verdict.disposition.value,
        }

    def _words(self, verdict: Verdict) -> str | None:
        """The reply's words, for whatever clinic; a question that offers a number comes with its number."""
        words = self._signed.texts.by_language[self._locale].get(verdict.text_name)
        return words.replace("{score}", str(verdict.offer.value)) if words and verdict.offer else words


def _concerns(text: str, concerns: Iterable[Concern]) -> list[dict[str, Any]]:
    return [
        {
            "name": concern.name,
            "priority": concern.priority.label,
            "rule": concern.rule,
            "why": concern.why,
            "span": list(concern.span) if concern.span else None,
            "quote": text[slice(*concern.span)] if concern.span else "",
        }
        for concern in concerns
    ]


COMMANDS = (read,)
