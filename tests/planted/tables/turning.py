"""Defects of the loop, the runner and recovery: in which order a turn deals with log, callers and effects."""

from tests.planted.defects import Defect, Edit

_LOOP, _RUNNER = "orchestrator/runtime/loop.py", "orchestrator/runtime/runner.py"
_COMMIT = "        if turn.facts and not await self._commit(turn):\n"

TURNING = (
    Defect(
        "effects come before their intent is durable",
        "2: intent before effect",
        Edit(_LOOP, _COMMIT, f"        self._effects.after_commit(turn.facts, self._owed(turn))\n{_COMMIT}"),
        ("tests/runtime/test_commit.py",),
    ),
    Defect(
        "callers are answered before the commit",
        "1: no caller is answered before the transaction has committed",
        Edit(_LOOP, _COMMIT, f"        _answer(drained.answers)\n{_COMMIT}"),
        ("tests/runtime/test_commit.py",),
    ),
    Defect(
        "a full disk passes for a commit",
        "1: a full disk turns the daemon read-only",
        Edit(_LOOP, "raise\n            return False\n", "raise\n            return True\n"),
        ("tests/runtime/test_commit.py::test_a_full_disk_refuses_commands_and_shows_the_state_as_it_was",),
    ),
    Defect(
        "what was observed while the disk was full is dropped",
        "5: nothing that came in is lost",
        Edit(_LOOP, "        self._mailbox.give_back(drained.observations)\n", ""),
        ("tests/runtime/test_commit.py::test_observations_survive_a_full_disk_and_nothing_runs_twice",),
    ),
    Defect(
        "readers see what is not committed yet",
        "readers see committed batches only",
        Edit(_LOOP, "        self._settled.clear()\n", ""),
        ("tests/runtime/test_commit.py::test_a_reader_sees_committed_states_only_and_is_not_starved",),
    ),
    Defect(
        "bytes become visible that are not synced",
        "8: an output's bytes are synced before the commit that makes it visible",
        Edit(
            _RUNNER,
            "            await self._make_durable()\n",
            "            await asyncio.sleep(0)\n",
        ),
        ("tests/runtime/test_commit.py::test_bytes_are_synced_before_the_commit_that_makes_them_live",),
    ),
    Defect(
        "a sync that the disk refused passes for one",
        "8: an output's bytes are synced before the commit that makes it visible",
        Edit("orchestrator/store/disk.py", "        if syncfs(handle) != 0:\n", "        if syncfs(handle) > 0:\n"),
        ("tests/store/test_disk.py::test_syncing",),
    ),
    Defect(
        "a stop that overtook its start is dropped",
        "what nobody wants any more is stopped",
        Edit(_RUNNER, "            self._executor.stop(overtaken)\n", "            pass\n"),
        ("tests/runtime/test_recovery.py::test_a_stop_that_overtakes_its_start_still_stops_it",),
    ),
    Defect(
        "links are not drawn again at a start",
        "6: effects are owed by states and recomputed after a restart",
        Edit(_RUNNER, "        self._do(self._redraw_links(world, states))\n", ""),
        ("tests/runtime/test_recovery.py::test_links_that_were_not_drawn_are_drawn_at_the_next_start",),
    ),
    Defect(
        "what a JobRun that failed has left is never removed",
        "outputs that were never Live go before the record of their JobRun",
        Edit(
            _RUNNER,
            "                await _in(self._hand, chores.do, self._links, self._collector)\n",
            "                pass\n",
        ),
        ("tests/runtime/test_recovery.py::test_outputs_of_a_failed_run_are_removed_by_the_next_start",),
    ),
    Defect(
        "what is gone without a trace has ended well",
        "2: what nobody can tell of is lost, never done",
        Edit(
            "orchestrator/runtime/recovery.py",
            'return Exit(kind="lost", message="nothing of it was left',
            'return Exit(kind="exit", message="nothing of it was left',
        ),
        ("tests/runtime/test_recovery.py",),
    ),
    Defect(
        "an inline JobRun is started again under its id",
        "2: a JobRun never runs twice",
        Edit(
            "orchestrator/runtime/recovery.py",
            "elif isinstance(run, jobrun.Launching) and not _is_inline(catalog, run):",
            "elif isinstance(run, jobrun.Launching):",
        ),
        ("tests/runtime/test_recovery.py::test_inline_runs_are_lost_and_never_started_again_under_the_same_id",),
    ),
    Defect(
        "a stop is not owed any more after a restart",
        "6: effects are owed by states and recomputed after a restart",
        Edit("orchestrator/effects.py", "                stops.append(run)\n", "                pass\n"),
        ("tests/runtime/test_recovery.py::test_what_was_being_canceled_is_stopped_again_or_confirmed",),
    ),
    Defect(
        "a wake-up is lost when more is waiting than a turn takes",
        "5: a lost wake-up costs delay, never correctness",
        Edit(
            "orchestrator/runtime/mailbox.py",
            "        if not self._waiting:\n            self._filled.clear()\n",
            "        self._filled.clear()\n",
        ),
        ("tests/runtime/test_mailbox.py::test_what_one_turn_does_not_take_wakes_the_next",),
    ),
    Defect(
        "a snapshot of another format is believed",
        "snapshots are never the truth",
        Edit(
            "orchestrator/runtime/snapshots.py",
            "    if snapshot is None or snapshot.format != FORMAT:\n        return None\n    try:",
            "    if snapshot is None:\n        return None\n    try:",
        ),
        ("tests/runtime/test_snapshots.py::test_a_snapshot_that_is_not_what_it_claims_is_passed_over",),
    ),
    Defect(
        "a start does not look at what is unfinished",
        "4: live state equals replayed state",
        Edit(
            "orchestrator/planning/board.py",
            "            self.graph.touch(self.world.partitions[instance].spec.ref)\n",
            "            self.world.partitions[instance]\n",
        ),
        ("tests/engine/test_starting.py::test_what_a_turn_left_to_the_next_is_done_after_a_start",),
    ),
    Defect(
        "what a new node was made from is not looked at",
        "5: an incremental pass finds exactly what a full pass would",
        Edit(
            "orchestrator/planning/graph.py",
            "            found = self._place(ref)\n        if self._untouched:\n            self.refresh()\n",
            "            found = self._place(ref)\n",
        ),
        ("tests/engine/test_starting.py",),
    ),
    Defect(
        "what is queued is judged by inputs that nobody has looked at",
        "5: level, not edge",
        Edit(
            "orchestrator/planning/graph.py",
            "        needs = self._expansion.needs_of(node)\n        if self._untouched:\n            self.refresh()\n",
            "        needs = self._expansion.needs_of(node)\n",
        ),
        ("tests/engine/test_starting.py::test_what_was_queued_is_launched_after_a_start",),
    ),
)
