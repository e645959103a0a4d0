"""The commands of the command line that are equal to what the buttons of a page do. Pure."""

import shlex
from collections.abc import Sequence


def line(*words: str) -> str:
    """A command as it would be typed in a shell."""
    return shlex.join(("wantd", *words))


def create(refs: Sequence[str]) -> str:
    """The command that makes a want."""
    return line("want", "create", *refs)


def want(verb: str, want_id: str) -> str:
    """The command that does something to a want."""
    return line("want", verb, want_id)


def taint(refs: Sequence[str], *, downstream: bool = False) -> str:
    """The command that says that data must not be used."""
    return line("partition", "taint", *refs, "--reason", "TEXT", *(["--downstream"] if downstream else []))


def report(ref: str) -> str:
    """The command that says that data from outside is there."""
    return line("partition", "report", ref)


def cancel_jobrun(run: str) -> str:
    """The command that stops a JobRun."""
    return line("jobrun", "cancel", run)
