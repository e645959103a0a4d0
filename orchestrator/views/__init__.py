"""What readers get to see: pure functions from a board to the shapes of ``shapes``.

``shapes`` is the JSON schema of ``--json`` and of the API, ``codes`` the closed set of reasons. Nothing here changes
the board, and nothing reads a clock or a file.
"""
