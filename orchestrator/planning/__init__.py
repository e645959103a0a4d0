"""What needs what, what is fresh, and what may run now: the demand of the open wants, computed and never stored.

``graph`` keeps one node a ref and updates only what a change reaches; ``cases`` says how a ref stands for a want.
No I/O and no clock.
"""
