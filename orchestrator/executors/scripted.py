"""An executor without processes: a test says when each run begins and how it ends.

For simulation and for users' tests. Nothing happens by itself: ``start`` and ``stop`` are recorded, ``begin`` and
``end`` make facts, ``deliver`` hands them over. It keeps the laws of the port, so what works here meets no surprise in
a real executor: a second start of a run repeats what is known, and a daemon that opens it again finds everything that
is not settled.
"""

from collections.abc import Mapping, Sequence

from orchestrator.executors.base import Fact, RunEnded, RunStarted, Sink, StartRun, StopRun, Survey
from orchestrator.observations import Exit


class ScriptedExecutor:
    """Runs nothing; remembers everything.

    ``starts`` are the starts that were obeyed, in order; ``repeated`` the runs that were asked for again; ``stops`` the
    runs that were asked to stop, known or not.
    """

    def __init__(self) -> None:
        self.starts: list[StartRun] = []
        self.repeated: list[str] = []
        self.stops: list[str] = []
        self._states: dict[str, RunStarted | Exit | None] = {}
        self._settled: set[str] = set()
        self._facts: list[Fact] = []
        self._sink: Sink | None = None

    async def open(self, sink: Sink) -> Survey:
        """Begin anew, as after the death of a daemon: the survey has what was not delivered."""
        self._sink = sink
        self._facts = []
        unsettled = {run: state for run, state in self._states.items() if run not in self._settled}
        return {run: state if isinstance(state, Exit) else "running" for run, state in unsettled.items()}

    def start(self, runs: Sequence[StartRun]) -> None:
        """Record starts; one of a run that was ever started makes only its fact again."""
        for start in runs:
            if start.run not in self._states:
                self._states[start.run] = None
                self.starts.append(start)
                continue
            self.repeated.append(start.run)
            match self._states[start.run]:
                case Exit() as end:
                    self._facts.append(RunEnded(start.run, end))
                case RunStarted() as begun:
                    self._facts.append(begun)
                case None:
                    pass

    def stop(self, runs: Sequence[StopRun]) -> None:
        """Record requests to end."""
        self.stops += [stop.run for stop in runs]

    def ahead(self) -> Mapping[str, int]:
        """Nothing waits in line: whatever is started may be begun."""
        return {}

    def settled(self, runs: Sequence[str]) -> None:
        """Leave runs out of later surveys; their ids stay refused."""
        self._settled.update(run for run in runs if isinstance(self._states.get(run), Exit))

    async def close(self) -> None:
        """Let go of the sink."""
        self._sink = None

    @property
    def running(self) -> list[str]:
        """List the runs that were started and have not ended, in the order of their starts."""
        return [run for run, state in self._states.items() if not isinstance(state, Exit)]

    def begin(self, run: str, at_us: int = 0, pid: int = 0) -> None:
        """Let a run be seen running. A run may also end without it."""
        assert run in self._states, f"{run} was not started; running are {self.running}"
        assert self._states[run] is None, f"{run} has begun already"
        begun = self._states[run] = RunStarted(run, at_us, pid)
        self._facts.append(begun)

    def end(self, run: str, how: Exit) -> None:
        """Let a run end."""
        assert run in self.running, f"{run} does not run; running are {self.running}"
        self._states[run] = how
        self._facts.append(RunEnded(run, how))

    def lose_all(self) -> None:
        """Let everything that runs be lost, as when a keeper dies."""
        for run in self.running:
            self.end(run, Exit(kind="lost", message="the script says so"))

    def deliver(self) -> int:
        """Hand over the facts made since the last time, as one batch; return how many there were."""
        assert self._sink is not None, "nobody has opened this executor"
        facts, self._facts = self._facts, []
        if facts:
            self._sink(facts)
        return len(facts)
