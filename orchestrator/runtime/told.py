"""What a job is told: the content of ``$WANTD_CONTEXT``. Source: design section 7."""

import msgspec

from statemachines.jobrun import Launching
from statemachines.refs import Ref


class OutputTold(msgspec.Struct, frozen=True):
    """A partition to make, and where."""

    ref: str
    location: str


class InputTold(msgspec.Struct, frozen=True):
    """A partition to read, where it is, and what it holds."""

    ref: str
    location: str
    digest: str


class Told(msgspec.Struct, frozen=True):
    """One JobRun, as its job sees it. ``deadline`` is ISO time."""

    run: str
    attempt: int
    job: str
    environment: str
    version: str
    deadline: str | None
    args: tuple[str, ...]
    outputs: tuple[OutputTold, ...]
    inputs: tuple[InputTold, ...]


def refs_of(run: Launching) -> tuple[Ref, ...]:
    """The refs a JobRun is to make: its arguments, where its JobConfig gives none."""
    return tuple(output.ref for output in run.spec.outputs)
