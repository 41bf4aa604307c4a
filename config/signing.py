"""A clinician signs: the signature goes into the sign-off file, and a copy of what was signed is kept beside it."""

import difflib
import json
import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from backend.domain.signoff import Signature
from config.loading import (
    DIGESTS_MARK,
    FOLDER,
    SIGNOFF,
    UnsignedError,
    as_signature,
    combined_digest,
    digests,
    load_signed,
    stale_packs,
)

COPY = "signed"
"""Below the folder: the files as they were last signed. Nothing loads them."""
_AHEAD = timedelta(hours=14)  # as far as any place's date is ahead of UTC


def record(
    now: datetime, *, name: str, licence: str, signed_on: date | None, approved_by: str | None, folder: Path = FOLDER
) -> Signature:
    """Put a signature under the files as they are. Raises `UnsignedError` with everything that forbids it."""
    digest = combined_digest(digests(folder))
    signature = Signature(name.strip(), licence.strip(), signed_on or now.astimezone(UTC).date(), digest, approved_by)
    faults = [*signature.faults, *_date_faults(signature, now), *_file_faults(folder, now)]
    if signature in signatures(folder):
        faults.append("these files are already signed so")
    if faults:
        raise UnsignedError(faults)
    _keep_copy(folder)
    _append(folder / SIGNOFF, signature)
    return signature


def signatures(folder: Path = FOLDER) -> tuple[Signature, ...]:
    """Every signature ever given, oldest first."""
    written = tomllib.loads((folder / SIGNOFF).read_text(encoding="utf-8"))
    return tuple(as_signature(entry) for entry in written.get("signature", ()))


def last_signed(folder: Path = FOLDER) -> Signature | None:
    """The signature under the copy that is kept; None when nobody signed what stands there."""
    kept = combined_digest(digests(folder / COPY))
    return next((signature for signature in reversed(signatures(folder)) if signature.digest == kept), None)


def changes(folder: Path = FOLDER) -> Iterator[str]:
    """What is different from the last signed state, as lines of a unified diff, file by file."""
    for name in sorted(digests(folder).keys() | digests(folder / COPY).keys()):
        before, after = _lines(folder / COPY / name), _lines(folder / name)
        was, is_now = (f"config/{name} (signed)" if before else "/dev/null", f"config/{name}" if after else "/dev/null")
        yield from (line.rstrip("\n") for line in difflib.unified_diff(before, after, was, is_now))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []


def _date_faults(signature: Signature, now: datetime) -> list[str]:
    if signature.signed_on > (now.astimezone(UTC) + _AHEAD).date():
        return [f"date: {signature.signed_on} lies in the future"]
    return []


def _file_faults(folder: Path, now: datetime) -> list[str]:
    """Only files that could be started with, that are pinned as they are, and whose numbers are fresh can be signed."""
    try:
        signed = load_signed(folder)
    except UnsignedError as error:
        return [f"config/{fault}" for fault in error.faults]
    return [f"config/{fault}" for fault in stale_packs(signed, now.astimezone(UTC).date())]


def _keep_copy(folder: Path) -> None:
    shutil.rmtree(folder / COPY, ignore_errors=True)
    for name in digests(folder):
        kept = folder / COPY / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, kept)


def _append(path: Path, signature: Signature) -> None:
    """Above the digests, where every comment stays."""
    head, mark, pins = path.read_text(encoding="utf-8").partition(DIGESTS_MARK)
    lines = [
        "[[signature]]",
        f"name = {_quoted(signature.name)}",
        f"licence = {_quoted(signature.licence)}",
        f"signed_on = {signature.signed_on.isoformat()}",
        *([f"approved_by = {_quoted(signature.approved_by)}"] if signature.approved_by else []),
        f"digest = {_quoted(signature.digest)}",
    ]
    path.write_text("\n".join([head, *lines, f"{mark}{pins}"]), encoding="utf-8")


def _quoted(words: str) -> str:
    """As a TOML string: printable characters are written as in JSON."""
    return json.dumps(words, ensure_ascii=False)
