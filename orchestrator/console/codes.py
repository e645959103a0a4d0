"""One-time codes: how a browser gets in.

``wantd console`` makes one and prints it; the daemon takes it once, within CODE_S seconds. Kept is a file (0600) in
``<state>/codes``, named by a digest of the code, so whoever may write there can let somebody in, and whoever reads it
cannot get in himself. Taking a code is removing its file: of two who try, one succeeds.
"""

import hashlib
import os
import re
import secrets
import time
from pathlib import Path

import msgspec

from orchestrator.api.refusals import refusal
from orchestrator.api.tokens import Role

CODE_S = 300

_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


class Code(msgspec.Struct, frozen=True):
    """Who gets in with a code, as what, and until when (seconds since the epoch)."""

    name: str
    role: Role
    expires: float


def create_code(folder: Path, name: str, role: Role) -> str:
    """Make a code and give it: it cannot be had again. Removes those whose time is over. Raises DoorError."""
    if not _NAME.fullmatch(name):
        raise refusal("bad_request", f"{name!r} is no name", "use a-z, 0-9, '.', '_' and '-'")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clean(folder)
    text = secrets.token_urlsafe(24)
    file = os.open(_place(folder, text), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(msgspec.json.encode(Code(name, role, time.time() + CODE_S)))
    return text


def redeem_code(folder: Path, text: str) -> Code | None:
    """Take a code, which is over then; None for what is no code, or no longer."""
    place = _place(folder, text)
    code = _read(place)
    if code is None:
        return None
    try:
        place.unlink()
    except FileNotFoundError:
        return None  # somebody else was faster
    return code if time.time() < code.expires else None


def _clean(folder: Path) -> None:
    for place in folder.glob("*.json"):
        code = _read(place)
        if code is None or time.time() >= code.expires:
            place.unlink(missing_ok=True)


def _read(place: Path) -> Code | None:
    try:
        return msgspec.json.decode(place.read_bytes(), type=Code)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _place(folder: Path, text: str) -> Path:
    return folder / f"{hashlib.sha256(text.encode(errors='replace')).hexdigest()}.json"
