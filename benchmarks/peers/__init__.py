"""Orchestrators that others use, beside us on the same graphs: where asked, each in an environment of its own.

``peers.toml`` says what is installed for each and what "done" is worth there; ``environments`` installs it;
``scripts`` has a program for each, written as its users would; ``running`` starts that and tells what it said.
"""
