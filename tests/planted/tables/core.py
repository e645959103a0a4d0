"""Defects of the pure core: what is fresh, what is tried again, who holds slots, what order things come in."""

from tests.planted.defects import Defect, Edit

_FRESHNESS = "orchestrator/planning/freshness.py"
_BUILDING, _MODEL = "tests/engine/test_building.py", "tests/model/test_model.py"

CORE = (
    Defect(
        "slots are counted by the way a run took, not by its state",
        "no crash and no short run leaks a slot: slots are folded from states",
        Edit(
            "statemachines/world.py",
            "type(state) in jobrun.STARTED_STATES, type(before) in jobrun.STARTED_STATES",
            "type(state) in jobrun.STARTED_STATES, isinstance(before, jobrun.Running)",
        ),
        ("tests/machines/test_laws.py", "tests/machines", _MODEL),
    ),
    Defect(
        "an entry may be left out",
        "4: entry n + 1 follows entry n",
        Edit("statemachines/world.py", "        if seq != self.seq + 1:\n", "        if seq <= self.seq:\n"),
        ("tests/machines",),
    ),
    Defect(
        "freshness ignores the digest",
        "8: what was read is fresh as long as its digest is the same",
        Edit(_FRESHNESS, "not (source.done and source.digest == digest)", "not source.done"),
        (_MODEL, _BUILDING),
    ),
    Defect(
        "a new digest does not reach its readers",
        "5: a change is carried as far as it reaches",
        Edit(_FRESHNESS, "reader.stale += (read == node.digest) - (read == digest)", "pass"),
        (_BUILDING, _MODEL),
    ),
    Defect(
        "who waits is not woken when what it needs is done",
        "5: an incremental pass finds exactly what a full pass would",
        Edit(
            _FRESHNESS,
            "            dependent.unmet += -1 if done else 1\n            self._agenda.mark(dependent)\n",
            "            dependent.unmet += -1 if done else 1\n",
        ),
        (_BUILDING, _MODEL),
    ),
    Defect(
        "an old failure counts for a new want",
        "4: an old failure is not contagious, a new want tries again",
        Edit("orchestrator/planning/cases.py", "    if node.blocked > opened:\n", "    if node.blocked:\n"),
        (_BUILDING, _MODEL),
    ),
    Defect(
        "bytes are reused whatever they were made from",
        "8: reuse needs the same digests of all that was read",
        Edit(
            "orchestrator/planning/reuse.py",
            "        if not source.done or source.digest != content_digest(read):\n",
            "        if not source.done:\n",
        ),
        (_BUILDING, _MODEL),
    ),
    Defect(
        "the wait between tries is not kept",
        "4: an instance that is up for retry has a not-before",
        Edit("orchestrator/decide/ending.py", "not_before = Timestamp(turn.now + wait_us)", "not_before = turn.now"),
        ("tests/runtime/test_time.py", _MODEL),
    ),
    Defect(
        "lost tries use up the budget of failures",
        "4: lost tries have a budget apart",
        Edit(
            "orchestrator/planning/starting.py",
            "last.tries + failed, last.lost + lost",
            "last.tries + failed + lost, last.lost + lost",
        ),
        ("tests/engine/test_tries.py::test_losses_and_failures_are_counted_apart",),
    ),
    Defect(
        "a JobRun that was lost is not tried again",
        "4: lost tries have a budget apart",
        Edit(
            "orchestrator/decide/ending.py",
            "return 0 if instance.attempt.lost + 1 < job",
            "return 0 if instance.attempt.lost + 1 > job",
        ),
        ("tests/runtime/test_recovery.py", _MODEL),
    ),
    Defect(
        "a dep miss that repeats what was given is waited for",
        "4: a dep miss that repeats what was just provided is a failure, not a loop",
        Edit("orchestrator/decide/outcomes.py", "    if asked and not new:\n", "    if False:\n"),
        ("tests/engine/test_misses.py",),
    ),
    Defect(
        "an end that is known counts again",
        "reports may come twice, late and out of order",
        Edit(
            "orchestrator/decide/observations.py",
            "            if isinstance(run, Launching):\n",
            "            if run is not None:\n",
        ),
        ("tests/runtime/test_observations.py",),
    ),
    Defect(
        "a job that said nothing and failed has made its output",
        "8: an output is visible after it was reported complete, or exit 0",
        Edit("orchestrator/decide/outcomes.py", "    if failure is not None and made is None:\n", "    if False:\n"),
        ("tests/engine/test_outputs.py",),
    ),
    Defect(
        "the same key makes a second want",
        "an idempotency key makes a retry of a command safe",
        Edit("orchestrator/decide/wants.py", "None if key is None else", "None if key else"),
        ("tests/api/test_parity.py::test_the_same_key_gives_the_same_want",),
    ),
    Defect(
        "refs are kept in the order of a set",
        "6: no unordered iteration inside the core",
        Edit("orchestrator/decide/wants.py", "    return tuple(found)\n", "    return tuple(set(found))\n"),
        ("tests/engine/test_order.py::test_the_refs_of_a_want_keep_their_order",),
    ),
    Defect(
        "batches that are due together come in the order of a set",
        "6: no unordered iteration inside the core",
        Edit("orchestrator/reconcile/batches.py", "    for run in sorted(due):\n", "    for run in due:\n"),
        ("tests/engine/test_order.py::test_batches_that_are_due_together_are_queued_in_order",),
    ),
    Defect(
        "what runs is launched with an input that was tainted meanwhile",
        "launching freezes inputs that are Live",
        Edit(
            "orchestrator/reconcile/launching.py",
            "            if not need.done or not isinstance(need.canonical, Live):\n",
            "            if need.canonical is None:\n",
        ),
        ("tests/engine/test_launching.py",),
    ),
    Defect(
        "more runs than the pool has slots",
        "concurrency limits are never exceeded",
        Edit("orchestrator/reconcile/launching.py", "                free -= slots\n", "                pass\n"),
        (_MODEL, "tests/engine"),
    ),
)
