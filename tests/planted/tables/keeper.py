"""Defects of the keeper and of the daemon's side of it: what starts, how often, and what is told of its end."""

from tests.planted.defects import Defect, Edit

_KEEPER = "orchestrator/executors/keeper"

KEEPER = (
    Defect(
        "a run that was claimed may be claimed again",
        "2: a run id starts once, for ever",
        Edit(f"{_KEEPER}/ledger.py", "if run in self._claims or run in self._asked", "if run in self._asked"),
        ("tests/executors/test_conformance.py::test_a_second_start_only_repeats_the_end",),
    ),
    Defect(
        "a new keeper does not know what earlier ones claimed",
        "2: a run id starts once, for ever",
        Edit(f"{_KEEPER}/ledger.py", " or run in self._earlier:", ":"),
        ("tests/executors/test_crashes.py::test_ids_of_earlier_keepers_stay_refused",),
    ),
    Defect(
        "a claim is not synced before its run is spawned",
        "2: what runs a job leaves a record of its own before it starts",
        Edit(f"{_KEEPER}/journal.py", "        self.note(lines)\n        self.sync()\n", "        self.note(lines)\n"),
        ("tests/executors/test_syncing.py::test_a_claim_is_on_the_disk_before_it_is_let_out",),
    ),
    Defect(
        "an end that was told is never synced",
        "2: a run that has ended is not run again",
        Edit(f"{_KEEPER}/keeper.py", "            self._ledger.sync()\n", "            pass\n"),
        ("tests/executors/test_syncing.py::test_an_end_that_was_told_is_on_the_disk_a_moment_later",),
    ),
    Defect(
        "the name of a journal is not synced",
        "2: what runs a job leaves a record of its own before it starts",
        Edit(
            f"{_KEEPER}/journal.py",
            "        os.unlink(_NEXT, dir_fd=self._folder)\n        os.fsync(self._folder)\n",
            "        os.unlink(_NEXT, dir_fd=self._folder)\n",
        ),
        ("tests/executors/test_syncing.py::test_a_journal_has_its_name_on_the_disk_before_anything_is_claimed",),
    ),
    Defect(
        "a journal is named before it is locked",
        "2: a journal that can be seen without its lock belongs to a dead keeper",
        Edit(
            f"{_KEEPER}/journal.py",
            "            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n            data",
            "            data",
        ),
        ("tests/executors/test_syncing.py::test_a_journal_is_locked_before_it_has_its_name",),
    ),
    Defect(
        "a line that was torn off is read",
        "a last line without its newline was never synced, so it is not read",
        Edit(
            f"{_KEEPER}/journal.py",
            'complete, _, _torn = file.read().rpartition(b"\\n")',
            'complete = file.read().rstrip(b"\\n")',
        ),
        ("tests/executors/test_journal.py::test_a_torn_last_line_was_never_written",),
    ),
    Defect(
        "a keeper obeys an old epoch",
        "2: an epoch older than the newest starts and stops nothing",
        Edit(
            f"{_KEEPER}/keeper.py", "if message.epoch < self._epoch and not isinstance(message, Settled):", "if False:"
        ),
        ("tests/executors/test_crashes.py::test_an_overtaken_daemon_starts_and_stops_nothing",),
    ),
    Defect(
        "the epoch of a keepers' folder can go down",
        "2: epochs only grow",
        Edit(f"{_KEEPER}/epochs.py", "        if newest >= epoch:\n", "        if newest == epoch:\n"),
        ("tests/executors/test_journal.py::test_an_epoch_only_grows",),
    ),
    Defect(
        "an epoch is not synced",
        "2: a daemon that was overtaken stays so after a power cut",
        Edit(f"{_KEEPER}/epochs.py", "        os.fdatasync(file.fileno())\n", ""),
        ("tests/executors/test_syncing.py::test_an_epoch_is_on_the_disk_before_it_counts",),
    ),
    Defect(
        "a run whose end nobody knows has ended well",
        "2: each JobRun is adopted, finished, or declared lost",
        Edit(
            f"{_KEEPER}/ledger.py",
            'return {"kind": "lost", "message": f"its keeper (pid {pid}) died',
            'return {"kind": "exit", "message": f"its keeper (pid {pid}) died',
        ),
        ("tests/executors/test_crashes.py::test_a_dead_keepers_runs_are_gone_and_lost",),
    ),
    Defect(
        "an end is told before it is written down",
        "an end is written down before anybody is told of it",
        Edit(
            f"{_KEEPER}/keeper.py",
            "self._ledger.queue_end(run, end)",
            "self._ledger.queue_end(run, end), self._server.tell_all(_facts(ended={run: end}))",
        ),
        ("tests/executors/test_syncing.py::test_an_end_is_told_once_it_is_written_down",),
    ),
    Defect(
        "a stranger with the pid of a dead run is killed",
        "a pid alone names nothing",
        Edit(
            f"{_KEEPER}/journal.py",
            "process.pid == self.pid and self.from_ticks <= process.started_ticks <= self.upto_ticks",
            "process.pid == self.pid",
        ),
        ("tests/executors/test_crashes.py::test_strangers_are_never_killed",),
    ),
    Defect(
        "a batch in a warm worker is told the place of the call before it",
        "8: a job writes where it is told",
        Edit("wantd/worker.py", 'os.environ.pop("WANTD_OUTPUT", None)', "pass"),
        ("tests/cli/test_output_key.py::test_a_worker_that_made_one_thing_makes_several_next",),
    ),
    Defect(
        "each place has a warm worker of its own",
        "a warm worker serves one run after another",
        Edit(
            f"{_KEEPER}/worker.py", "CONTEXT_KEY, OUTPUT_KEY, REPORT_KEY, RUN_KEY", "CONTEXT_KEY, REPORT_KEY, RUN_KEY"
        ),
        ("tests/cli/test_output_key.py::test_a_worker_that_made_one_thing_makes_several_next",),
    ),
    Defect(
        "cleaning up knows processes by their run alone",
        "ids are our own within one log, not on a machine",
        Edit(
            "orchestrator/executors/leftovers.py",
            "if procfs.mark_of(pid) in marks}",
            "if (mark := procfs.mark_of(pid)) and mark.run in unended}",
        ),
        ("tests/executors/test_crashes.py::test_what_another_application_runs_is_left_alone",),
    ),
    Defect(
        "a deadline is kept by the wall clock",
        "durations are monotonic: a clock that is set must not end a run",
        Edit(
            f"{_KEEPER}/run.py",
            "        if now >= self._timeout_at:\n",
            "        if time.time() - self.began_us / 1e6 >= (self.request.timeout_s or math.inf):\n",
        ),
        ("tests/executors/test_deadlines.py::test_a_clock_that_is_set_ends_no_run",),
    ),
    Defect(
        "what a dead keeper's journal says is not told",
        "5: a lost wake-up costs delay, never correctness",
        Edit(
            "orchestrator/executors/keeper_client.py",
            '        self._deliver([RunEnded(run, how) for run, how in known.items() if how != "running"])\n',
            "",
        ),
        ("tests/executors/test_crashes.py::test_a_dead_keepers_runs_are_gone_and_lost",),
    ),
    Defect(
        "a stop does not follow its run to another keeper",
        "a stop is remembered until the run has ended",
        Edit("orchestrator/executors/orders.py", "        self._unsent_stops = list(self._stops)\n", ""),
        ("tests/executors/test_orders.py::test_a_stop_follows_its_run",),
    ),
)
