"""The command line: everything a person types at ``wantd``.

main        the group, and the one place where errors become messages and exit codes
session     which application, and which door to it: the daemon's, a reader's, or an engine in this process
speech      stdout is data, stderr is talk; what is hostile is escaped
tables      lists for people, and the same lists for programs
failures    every expected error, with what to do and its exit code

One module a noun holds its commands. They know no rules: what a command means is decided behind the door. Modules of
commands import nothing heavy before they run, so that ``wantd --help`` is quick. Source: design section 10.
"""
