"""A job that notes its start and its end outside the state directory, and ends with the exit code it was born to.

The same as a process and in a warm worker; standard library only, so that a process of it starts fast. A note is one
write to a file opened for appending: none is torn, none is lost with the process, and their order is the order in
which things happened. A start without an end is a job that was killed.
"""

import json
import os
import sys
import time
from pathlib import Path
from zlib import crc32

NOTES = Path(__file__).with_name("witnessed")
SLOW_S = 0.5
BRIEF_S = 0.02


def exit_code(ref: str, attempt: int) -> int:
    """Say how this attempt has to end: one ref in six stumbles once, what is hopeless always does."""
    if ref.startswith("hopeless/") or (attempt == 1 and chance(ref, "stumbles", 6) == 0):
        return 1 + chance(ref, f"code {attempt}", 250)
    return 0


def takes_s(ref: str) -> float:
    """Say how long this ref takes: one in eight is slow."""
    return SLOW_S if chance(ref, "slow", 8) == 0 else BRIEF_S * chance(ref, "brief", 1000) / 1000


def chance(ref: str, about: str, sides: int) -> int:
    """Throw a die that falls the same way each time."""
    return crc32(f"{about} {ref}".encode()) % sides


def work() -> int:
    """Make the one output of this run, between two notes."""
    told = json.loads(Path(os.environ["WANTD_CONTEXT"]).read_bytes())
    [output] = told["outputs"]
    ref, code = output["ref"], exit_code(output["ref"], told["attempt"])
    note("start", told["run"], ref, code)
    time.sleep(takes_s(ref))
    Path(output["location"]).write_text(told["run"])
    note("failed" if code else "end", told["run"], ref, code)
    return code


def note(what: str, run: str, ref: str, code: int) -> None:
    said = {"what": what, "run": run, "pid": os.getpid(), "at": time.monotonic(), "refs": [ref], "code": code}
    handle = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, json.dumps(said).encode() + b"\n")
    os.close(handle)


def build(_ctx: object) -> None:
    """Work in a warm worker."""
    sys.exit(work())


if __name__ == "__main__":
    sys.exit(work())
