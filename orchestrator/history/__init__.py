"""The past of an application, read from its log: as it was at a moment, what two moments differ in, what if.

    at        what people write for a moment: a seq, a time, so long ago
    past      the world and the board at a moment, fast: snapshots, and the worlds that were looked at last
    film      the log step by step, forwards and backwards
    diff      what two moments differ in
    fork, rerun, compare
              a copy of a log up to a moment, played on with simulated jobs under another configuration

Nothing here writes to the log of an application. Source: design sections 3 (law 4), 6 and 10.
"""
