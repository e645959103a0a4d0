"""Questions in SQL about everything in the log, as of now or of any moment.

    relations   the views that may be asked: their columns, by name, type and meaning
    rows        what stands in them: the views of the API, row by row
    question    what is asked, and within which limits
    database    a database in memory that holds just what one statement names
    guard       what a statement may do: read these views, with harmless functions, and nothing else
    explain     what SQLite complains of, in words that say what to do next
    answer      from a question to its rows, in this process
    process     each question in a process of its own, which is all that the daemon knows of it

A statement is hostile, and SQLite is a large program: so it runs in a short-lived process with limits of the kernel, on
data that is copied for it (entries are read from the log's file, read-only), and never in the daemon.

Source: design sections 3 (law 3), 6 and 10.
"""
