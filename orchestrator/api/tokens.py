"""Bearer tokens: who may ask over TCP, and what.

A token is 32 random bytes that are shown once, when it is made. Kept is a digest of it, in a file of its own (0600) in
``<state>/tokens``: whoever reads the file cannot ask with it. A file is read anew for each request, so that a token
ends when it is revoked. Comparing takes the same time whatever is given; nothing here writes a token down.

Source: reliability reference, section 5.2.
"""

import hashlib
import hmac
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from orchestrator.api.refusals import refusal

Role = Literal["read", "operate", "admin"]

_FORM = re.compile("wantd_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_ID = re.compile("[0-9a-f]{12}", re.ASCII)
_NAME = re.compile("[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


class Token(msgspec.Struct, frozen=True):
    """What is kept of a token. ``name`` is who has it: it stands in the log as ``api:<name>``."""

    id: str
    name: str
    role: Role
    created_at: str
    digest: str


def create_token(folder: Path, name: str, role: Role) -> str:
    """Make a token and give it: it cannot be had again. Raises DoorError."""
    if not _NAME.fullmatch(name):
        raise refusal("bad_request", f"{name!r} is no name of a token", "use a-z, 0-9, '.', '_' and '-'")
    secret = secrets.token_urlsafe(32)
    made = Token(secrets.token_hex(6), name, role, datetime.now(UTC).isoformat(timespec="seconds"), _digest(secret))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(_place(folder, made.id), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(msgspec.json.encode(made) + b"\n")
    return f"wantd_{made.id}_{secret}"


def list_tokens(folder: Path) -> list[Token]:
    """The tokens there are, oldest first."""
    found = (_read(path) for path in folder.glob("*.json"))
    return sorted((token for token in found if token is not None), key=lambda token: (token.created_at, token.id))


def revoke_token(folder: Path, token: str) -> None:
    """End a token, by its id. Raises DoorError where there is none."""
    try:
        if not _ID.fullmatch(token):
            raise FileNotFoundError
        _place(folder, token).unlink()
    except FileNotFoundError:
        raise refusal("no_such_token", f"there is no token {token}", "see: wantd token list") from None


def find_token(folder: Path, text: str) -> Token | None:
    """The token that a text is, or None."""
    found = _FORM.fullmatch(text)
    kept = _read(_place(folder, found[1])) if found else None
    if found is None or kept is None or not hmac.compare_digest(kept.digest, _digest(found[2])):
        return None
    return kept


def _place(folder: Path, token: str) -> Path:
    return folder / f"{token}.json"


def _read(path: Path) -> Token | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Token)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
