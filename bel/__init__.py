"""What happened: the build event log (BEL), the one truth that everything else is computed from.

Generic in the event type: this package knows entries, batches, hashes and files, and nothing of wants or
partitions. What an event is comes in through a ``Codec``.

    entry, codec            what is logged, and how an event becomes a row
    log, stored             the port that the daemon uses, and the log that keeps it over any store
    store, memory, sqlite   the port of raw rows, and its two implementations
    chain, row, head_file   the hash chain, the stored form, the head kept apart
    lock                    one daemon a state directory
    replay, transfer, verify  reading the past, moving a log, looking for damage

Source: design sections 3 and 6.
"""
