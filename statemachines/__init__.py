"""What is true: the entities of the orchestrator as typed state machines, and the world they make up.

The ground floor. It does no I/O, reads no clock and draws no random number; events come in, states come out.
One file an entity (``want``, ``partition``, ``jobrun``): its states, its events, its table of edges and its fold.
"""
