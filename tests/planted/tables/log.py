"""Defects of the log: what is durable, in which order, by whom, and whether damage is seen."""

from tests.planted.defects import Defect, Edit

_POWER_LOSS = "tests/faults/test_power_loss.py::test_a_power_cut_loses_nothing_that_was_acknowledged"

LOG = (
    Defect(
        "the log is written with synchronous=NORMAL",
        "1: an event counts when its transaction has committed with full sync",
        Edit("bel/sqlite.py", "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"),
        ("tests/bel/test_sqlite.py::test_the_writing_connection_is_durable",),
    ),
    Defect(
        "the folder of a new log is not synced",
        "1: what was acknowledged survives a power cut, also the name of the file that holds it",
        Edit(
            "bel/wal.py",
            "    sync_folder(log.parent)\n",
            "",
        ),
        ("tests/bel/test_syncing.py::test_a_new_log_has_its_name_on_the_disk_before_anything_is_written",),
    ),
    Defect(
        "the head file is renamed before its bytes are synced",
        "1: the witness of the head is whole or the one before",
        Edit("bel/head_file.py", "        os.fsync(file.fileno())\n", ""),
        ("tests/bel/test_syncing.py::test_a_head_file_is_on_the_disk_before_it_takes_the_place_of_the_last",),
    ),
    Defect(
        "the folder is not synced after the head file was renamed",
        "1: the witness of the head survives a power cut",
        Edit(
            "bel/head_file.py", "    fresh.replace(path)\n    sync_folder(path.parent)\n", "    fresh.replace(path)\n"
        ),
        ("tests/bel/test_syncing.py::test_a_head_file_is_on_the_disk_before_it_takes_the_place_of_the_last",),
    ),
    Defect(
        "the chain leaves out the time",
        "the hash covers seq, time, kind and bytes",
        Edit("bel/chain.py", "_pack((previous, fields))", "_pack((previous, fields[:2] + fields[3:]))"),
        ("tests/bel/test_verify.py",),
    ),
    Defect(
        "the epoch of an append is not checked",
        "3: one writer; only the newest epoch appends",
        Edit("bel/tables.py", "AND hash = ? AND epoch = ?", "AND hash = ? AND ?"),
        ("tests/bel/test_conformance.py::test_only_the_newest_epoch_appends",),
    ),
    Defect(
        "event ids need not be unique",
        "1: a retry carries the same event ids and is refused where the first try succeeded",
        Edit("bel/schema.py", "event_id TEXT NOT NULL UNIQUE", "event_id TEXT NOT NULL"),
        ("tests/bel/test_conformance.py::test_what_is_refused_leaves_no_trace",),
    ),
    Defect(
        "a transaction that failed is left open",
        "1: a batch is written whole or not at all",
        Edit("bel/tables.py", 'connection.execute("ROLLBACK")', "pass"),
        ("tests/bel/test_conformance.py", "tests/bel/test_sqlite.py"),
    ),
    Defect(
        "canceling an append is taken for undoing it",
        "1: an append runs shielded, since canceling does not undo it",
        Edit("bel/stored.py", "return await asyncio.shield(task)", "return await task"),
        ("tests/bel/test_conformance.py::test_canceling_does_not_undo",),
    ),
    Defect(
        "after an append of unknown outcome the log goes on",
        "1: any other failed append has an unknown outcome, and the process ends",
        Edit(
            "bel/stored.py",
            "                self._lost = error if isinstance(error, AppendUnknown) else AppendUnknown(repr(error))\n",
            "",
        ),
        ("tests/bel/test_unknown.py::test_after_one_unknown_append_nothing_is_written_for_ever",),
    ),
    Defect(
        "the head moves before the batch is durable",
        "1: an event counts when its transaction has committed",
        Edit(
            "bel/stored.py",
            "            try:\n                await self._store.write(rows, before, after)\n",
            "            self._publish(entries, after)\n"
            "            try:\n                await self._store.write(rows, before, after)\n",
        ),
        ("tests/bel/test_conformance.py", "tests/bel/test_sqlite.py"),
    ),
    Defect(
        "a snapshot may be taken in the middle of a batch",
        "4: laws hold at the ends of batches",
        Edit("bel/stored.py", "if following and following[0][BATCH] != seq + 1:", "if following and not row:"),
        ("tests/bel/test_conformance.py::test_a_snapshot_stands_at_the_end_of_a_batch",),
    ),
    Defect(
        "a snapshot of another history is believed",
        "6: snapshots are never the truth",
        Edit(
            "bel/reading.py",
            "return snapshot if seal == sealed else None",
            "return snapshot",
        ),
        ("tests/bel/test_conformance.py::test_a_snapshot_that_is_not_of_this_history_is_passed_over",),
    ),
    Defect(
        "a place inside a batch is not rounded down",
        "4: reading at a seq inside a batch rounds down",
        Edit("bel/replay.py", "return seq if following.batch == following.seq else here.batch - 1", "return here.seq"),
        ("tests/bel/test_replay.py::test_places_are_rounded_down_to_the_end_of_a_batch",),
    ),
    Defect(
        "a reader may write and checkpoint",
        "3: one connection writes and checkpoints; readers are read-only",
        Edit(
            "bel/sqlite.py",
            'return cls(path, await _open_line(path, "ro", _prepare_reader))',
            'return cls(path, await _open_line(path, "rw", _prepare_reader))',
        ),
        ("tests/bel/test_syncing.py::test_a_reader_that_closes_last_leaves_the_log_as_it_is",),
    ),
    Defect(
        "a log whose end was cut off is opened",
        "the log may hold more than its witness remembers, never less",
        Edit("bel/witness.py", "    if found != witness.hash:\n", "    if False:\n"),
        ("tests/bel/test_verify.py", "tests/bel/test_sqlite.py"),
    ),
    Defect(
        "the lock of the state directory is shared",
        "3: a lock keeps a second daemon out",
        Edit("bel/lock.py", "fcntl.LOCK_EX | fcntl.LOCK_NB", "fcntl.LOCK_SH | fcntl.LOCK_NB"),
        ("tests/bel/test_lock.py::test_a_second_daemon_is_kept_out_and_told_why",),
    ),
    Defect(
        "a log of a newer schema is opened",
        "a newer log is refused and not touched",
        Edit("bel/schema.py", "    if found > len(MIGRATIONS):", "    if found > len(MIGRATIONS) + 1:"),
        ("tests/bel/test_sqlite.py", "tests/bel/test_versions.py"),
    ),
)
