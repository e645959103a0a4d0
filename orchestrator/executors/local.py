"""The executor of one machine: processes and warm workers through a keeper, inline calls in this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.executors.base import InlineStart, Sink, StartRun, StopRun, Survey
from orchestrator.executors.inline import InlineExecutor
from orchestrator.executors.keeper_client import KeeperClient

_LINGER_S = 15.0


class LocalExecutor:
    """Runs JobRuns on this machine; how is said by each start."""

    def __init__(self, keepers: Path, epoch: int, linger_s: float = _LINGER_S) -> None:
        """Use ``keepers``, the folder of keepers in the state directory, for the daemon of this epoch.

        A keeper without work and without a daemon waits ``linger_s`` seconds for the next one, with its workers warm.
        """
        self._client = KeeperClient(keepers.absolute(), epoch, linger_s)
        self._inline = InlineExecutor()

    async def open(self, sink: Sink) -> Survey:
        """Take over what an earlier daemon left. Raises StaleEpoch, and ExecutorError where that cannot be done."""
        survey = await self._client.open(sink)
        await self._inline.open(sink)
        return survey

    def start(self, runs: Sequence[StartRun]) -> None:
        """Queue starts. Raises StaleEpoch once a newer daemon has taken over."""
        if inline := [run for run in runs if isinstance(run, InlineStart)]:
            self._inline.start(inline)
        if kept := [run for run in runs if not isinstance(run, InlineStart)]:
            self._client.start(kept)

    def stop(self, runs: Sequence[StopRun]) -> None:
        """Queue requests to end. Raises StaleEpoch once a newer daemon has taken over."""
        self._inline.stop(runs)
        if kept := [stop for stop in runs if not self._inline.owns(stop.run)]:
            self._client.stop(kept)

    def ahead(self) -> Mapping[str, int]:
        """Say how many slots' worth of processes and workers' runs may wait in line."""
        return self._client.ahead()

    def settled(self, runs: Sequence[str]) -> None:
        """Let the records of these runs go."""
        if kept := [run for run in runs if not self._inline.owns(run)]:
            self._client.settled(kept)
        self._inline.settled(runs)

    async def close(self) -> None:
        """Let go: inline calls that wait are lost, everything else goes on."""
        await self._client.close()
        await self._inline.close()
