"""What was asked of keepers, of which one, and what is not answered yet. No I/O.

Laws: a run belongs to the keeper that it was sent to, until that one is dead or known not to have it; everything about
it goes there and nowhere else. A stop is remembered until the run has ended, so that it follows the run's start to
another keeper.
"""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from orchestrator.executors.link import Link

_RUNS_A_REQUEST = 1000
_BYTES_A_REQUEST = 8 << 20


class Orders:
    """Starts and stops on their way."""

    def __init__(self) -> None:
        self._unsent: dict[str, msgspec.Raw] = {}
        self._unanswered: dict[str, msgspec.Raw] = {}
        self._owners: dict[str, Link] = {}
        self._stops: set[str] = set()
        self._unsent_stops: list[str] = []

    def start(self, run: str, request: msgspec.Raw) -> None:
        """Queue a start, unless it is on its way already."""
        if run not in self._unanswered:
            self._unsent[run] = request

    def stop(self, run: str) -> None:
        """Queue a request to end."""
        self._stops.add(run)
        self._unsent_stops.append(run)

    @property
    def need_a_keeper(self) -> bool:
        """Tell if there are starts that any keeper may have."""
        return any(run not in self._owners for run in self._unsent)

    def starts_to_send(self, links: Collection[Link], newest: Link) -> Iterator[tuple[Link, list[msgspec.Raw]]]:
        """Hand out starts in requests of a bounded size; those whose keeper is away stay."""
        by_link: dict[Link, list[str]] = {}
        for run in self._unsent:
            link = self._owners.get(run, newest)
            if link in links:
                by_link.setdefault(link, []).append(run)
        for link, runs in by_link.items():
            for some in _requests(runs, self._unsent):
                self._owners.update(dict.fromkeys(some, link))
                requests = [self._unsent.pop(run) for run in some]
                self._unanswered.update(zip(some, requests, strict=True))
                yield link, requests

    def stops_to_send(self) -> list[str]:
        """Hand out the requests to end; meant for every keeper, since those that do not know a run pass over it."""
        stops, self._unsent_stops = self._unsent_stops, []
        return stops

    def fail_unsent(self) -> list[str]:
        """Give up the starts that no keeper was sent."""
        runs = [run for run in self._unsent if run not in self._owners]
        for run in runs:
            del self._unsent[run]
        return runs

    def belong(self, runs: Iterable[str], link: Link) -> None:
        """Note that a keeper has these runs."""
        for run in runs:
            self._owners[run] = link
            self._unanswered.pop(run, None)

    def ended(self, runs: Iterable[str]) -> None:
        """Note that these runs need no stop any more."""
        self._stops.difference_update(runs)

    def settled(self, runs: Iterable[str]) -> None:
        """Forget runs."""
        for run in runs:
            self._owners.pop(run, None)
            self._unanswered.pop(run, None)
            self._stops.discard(run)

    def disown(self, link: Link, known: Collection[str]) -> None:
        """Take back what a keeper that has gone was asked for and turned out not to have; say the stops again."""
        for run in [run for run, owner in self._owners.items() if owner is link]:
            del self._owners[run]
            request = self._unanswered.pop(run, None)
            if request is not None and run not in known:
                self._unsent[run] = request
        for run in known:
            self._unsent.pop(run, None)
        self._unsent_stops = list(self._stops)


def _requests(runs: list[str], starts: dict[str, msgspec.Raw]) -> Iterator[list[str]]:
    some: list[str] = []
    size = 0
    for run in runs:
        if some and (len(some) == _RUNS_A_REQUEST or size + len(bytes(starts[run])) > _BYTES_A_REQUEST):
            yield some
            some, size = [], 0
        some.append(run)
        size += len(bytes(starts[run]))
    if some:
        yield some
