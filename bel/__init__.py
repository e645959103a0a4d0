"""What happened: the build event log (BEL), the one truth that everything else is computed from.

Generic in the event type: this package knows entries, batches, hashes and files, and nothing of wants or
partitions. What an event is comes in through a ``Codec``.

    entry, codec, errors       what is logged, how an event becomes a row, everything that can be refused
    log, reading, stored       the port that the daemon uses; over any store: the reading half of a log, all of it
    open                       the usual ways to open one
    store, memory, sqlite      the port of raw rows, and its two implementations
    driver, schema, tables     what the SQLite one stands on: the connection, the tables, what is done to them
    chain, row                 the hash chain, and the stored form of an entry
    head_file, witness         the head kept apart, and whether the log still reaches it
    wal                        what the last writer left is on the disk before anything is built on it
    lock                       one daemon a state directory
    replay, transfer, verify   reading the past, moving a log, looking for damage
    recover, prefix, salvage   going on with what is good, how far that is, what is written down of the rest

Source: design sections 3 and 6.
"""
