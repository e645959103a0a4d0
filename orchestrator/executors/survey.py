"""Find the keepers of a state directory, and say what the dead ones leave: an exact end for each of their runs.

For each run id exactly one holds: it was never claimed; a keeper that lives runs it or knows its end; a dead keeper's
journal has its end; or that journal has its claim only, and then it is lost. Blocking; meant for a thread.

Source: the recovery table in the reference on reliability, section 3.2.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from orchestrator.executors.base import ExecutorError, StaleEpoch
from orchestrator.executors.keeper import journal
from orchestrator.executors.keeper.epochs import raise_epoch
from orchestrator.executors.keeper.ledger import lost
from orchestrator.executors.leftovers import clear_leftovers
from orchestrator.observations import Exit


class DeadKeeper(msgspec.Struct):
    """What a dead keeper leaves; ``ends`` shrinks as runs are settled, and the folder goes with the last."""

    folder: Path
    ends: dict[str, Exit]

    def settle(self, runs: Mapping[str, object] | set[str]) -> None:
        """Forget runs; remove the folder when nothing is left to remember."""
        for run in self.ends.keys() & runs:
            del self.ends[run]
        if not self.ends:
            shutil.rmtree(self.folder, ignore_errors=True)


def take_over(keepers: Path, epoch: int) -> None:
    """Make the folder, and put an end to every older daemon's say. Raises StaleEpoch where a newer one has it."""
    keepers.mkdir(mode=0o700, parents=True, exist_ok=True)
    newest = raise_epoch(str(keepers), epoch)
    if newest > epoch:
        raise StaleEpoch(
            f"a daemon of epoch {newest} has taken over {keepers}; this one has epoch {epoch} and must end"
        )


def find_keepers(keepers: Path) -> tuple[list[Path], list[Path]]:
    """List the folders of keepers: those that live, and those that died."""
    alive: list[Path] = []
    dead: list[Path] = []
    for folder in sorted(path.parent for path in keepers.glob(f"*/{journal.NAME}")):
        (alive if is_alive(folder) else dead).append(folder)
    return alive, dead


def is_alive(folder: Path) -> bool:
    """Tell if the keeper of this folder lives."""
    return journal.is_alive(str(folder / journal.NAME))


def read_dead(folder: Path) -> DeadKeeper:
    """Clear away what a dead keeper's runs left behind, and say how each of them ended. Raises ExecutorError."""
    try:
        recorded = journal.read_journal(str(folder / journal.NAME))
    except journal.BadJournal as error:
        raise ExecutorError(str(error)) from error
    clear_leftovers(recorded)
    ends = {run: recorded.ends.get(run) or lost(recorded) for run in recorded.claims}
    try:
        dead = DeadKeeper(folder, msgspec.convert(ends, dict[str, Exit]))
    except msgspec.ValidationError as error:
        raise ExecutorError(f"{folder / journal.NAME} holds an end that no keeper wrote: {error}") from error
    dead.settle(set())
    return dead
