"""What jobs do in a random story: each way to end is a function from a run to its JobEnded.

``honest`` is a job as it should be: it reports what it still needs, and else makes its outputs, always the same of the
same inputs. Everything else is a fault, or something that is allowed and rare; each is named, and counted when drawn.
"""

from collections.abc import Callable
from random import Random
from zlib import crc32

from orchestrator.executors.base import Exit
from orchestrator.observations import Found, JobEnded, Nothing
from orchestrator.planning.freshness import content_digest
from orchestrator.report import BadReport, Made, Missing, Report
from statemachines import partition
from statemachines.jobrun import Canceling, Launching, Running
from statemachines.partition import Content
from statemachines.refs import Ref
from statemachines.world import World
from tests.model.graphs import Plan

Run = Launching | Running | Canceling


class Jobs:
    """The jobs of a plan, played over a world."""

    def __init__(self, plan: Plan, world: World, random: Random) -> None:
        self.plan = plan
        self.world = world
        self.random = random
        self.faults: dict[str, Callable[[Run], JobEnded | None]] = {
            "another digest": self._another_digest,
            "exit code": lambda run: self._bad(run, Exit(kind="exit", code=3)),
            "signal": lambda run: self._bad(run, Exit(kind="signal", code=9)),
            "timeout": lambda run: self._bad(run, Exit(kind="timeout")),
            "lost": lambda run: self._bad(run, Exit(kind="lost")),
            "could not start": lambda run: self._bad(run, Exit(kind="could_not_start", message="no such file")),
            "bad report": self._bad_report,
            "missing output": self._missing_output,
            "miss of anything": self._misses_anything,
            "miss that asks back": self._misses_back,
            "miss of what was given": self._misses_given,
            "miss of what nobody makes": lambda run: self._misses(run, Ref("nobody/1")),
            "miss of itself": lambda run: self._misses(run, run.spec.outputs[0].ref),
            "miss for one of a batch": self._misses_for_one,
            "one of a batch failed": self._one_failed,
            "one of a batch complete": self._one_complete,
            "read less": self._read_less,
        }

    def honest(self, run: Run) -> JobEnded:
        """Report what is still missing, else make everything."""
        given = self._given(run)
        missing = tuple(
            Missing(tuple(Ref(ref) for ref in needs), (output.ref,))
            for output in run.spec.outputs
            if (needs := [ref for ref in self.plan.hidden(output.ref) if ref not in given])
        )
        if missing:
            return self._ended(run, Exit(kind="exit", code=1), Report(missing=missing), complete=False)
        return self._ended(run, Exit(kind="exit", code=0))

    def _ended(self, run: Run, exit_: Exit, report: Report | None = None, *, complete: bool = True) -> JobEnded:
        made = self._digest(run)
        found: dict[Ref, Found] = {
            output.ref: Content(f"{output.ref} from {made}", 1, 1) if complete else Nothing("nothing is there")
            for output in run.spec.outputs
        }
        return JobEnded(run.spec.id, exit_, report or Report(), found)

    def _digest(self, run: Run) -> str:
        """A digest of what it was given: the same bytes come of the same."""
        given = (self.world.partitions[instance] for instance in run.activation.inputs)
        return f"{crc32(' '.join(sorted(content_digest(state) for state in given)).encode()):x}"

    def _given(self, run: Run) -> list[Ref]:
        return [self.world.partitions[instance].spec.ref for instance in run.activation.inputs]

    def _another_digest(self, run: Run) -> JobEnded:
        found: dict[Ref, Found] = {
            output.ref: Content(f"digest of {output.ref}, number {self.random.randint(1, 3)}", 1, 1)
            for output in run.spec.outputs
        }
        return JobEnded(run.spec.id, Exit(kind="exit", code=0), Report(), found)

    def _bad(self, run: Run, exit_: Exit) -> JobEnded:
        return self._ended(run, exit_, complete=False)

    def _bad_report(self, run: Run) -> JobEnded:
        ended = self._ended(run, Exit(kind="exit", code=0))
        return JobEnded(run.spec.id, ended.exit, BadReport(1, "{", "it is cut short"), ended.found)

    def _missing_output(self, run: Run) -> JobEnded:
        ended = self._ended(run, Exit(kind="exit", code=0))
        gone = self.random.choice(run.spec.outputs).ref
        return JobEnded(run.spec.id, ended.exit, Report(), {**ended.found, gone: Nothing("nothing is there")})

    def _misses(self, run: Run, *refs: Ref, wanted_by: tuple[Ref, ...] = ()) -> JobEnded:
        report = Report(missing=(Missing(refs, wanted_by),))
        return self._ended(run, Exit(kind="exit", code=self.random.choice([0, 1])), report, complete=False)

    def _misses_anything(self, run: Run) -> JobEnded:
        return self._misses(run, *map(Ref, self.random.sample(self.plan.refs(), 2)))

    def _misses_back(self, run: Run) -> JobEnded | None:
        """Miss what itself missed something that needs this, or was given it."""
        mine = run.spec.outputs[0].ref
        back = [ref for ref in self.plan.refs() if self.plan.maker(ref) == "job" and mine in self.plan.needs(ref)]
        instances = self.world.partitions.values()
        waiting = (state for state in instances if isinstance(state, partition.UpstreamBuilding))
        back += [state.spec.ref for state in waiting if mine in state.needs]
        return self._misses(run, Ref(self.random.choice(back))) if back else None

    def _misses_given(self, run: Run) -> JobEnded | None:
        given = self._given(run)
        return self._misses(run, self.random.choice(given)) if given else None

    def _misses_for_one(self, run: Run) -> JobEnded | None:
        if len(run.spec.outputs) < 2:
            return None
        one = self.random.choice(run.spec.outputs).ref
        return self._misses(run, Ref(self.random.choice(self.plan.refs())), wanted_by=(one,))

    def _one_failed(self, run: Run) -> JobEnded | None:
        if len(run.spec.outputs) < 2:
            return None
        one = self.random.choice(run.spec.outputs).ref
        return self._ended(run, Exit(kind="exit", code=0), Report(failed={one: "it was bad"}))

    def _one_complete(self, run: Run) -> JobEnded | None:
        if len(run.spec.outputs) < 2:
            return None
        one = self.random.choice(run.spec.outputs).ref
        report = Report(outputs={one: Made(f"digest of {one}", {})})
        return self._ended(run, Exit(kind="exit", code=3), report, complete=False)

    def _read_less(self, run: Run) -> JobEnded | None:
        given = self._given(run)
        if not given:
            return None
        read = frozenset(self.random.sample(given, self.random.randint(0, len(given) - 1)))
        return self._ended(run, Exit(kind="exit", code=0), Report(read=read))
