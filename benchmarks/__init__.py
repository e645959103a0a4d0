"""How fast wantd is: workloads through its own front door, beside the least that the same promise costs.

``python -m benchmarks`` runs every trial several times in turn with all its sides, and prints how far we are from the
goals, with medians and ratios. ``workloads`` says what is built, ``trials`` what is measured together, ``sides`` runs
each side; ``one``, ``ahead``, ``outside``, ``starting``, ``latency``, ``trickle`` and ``appending`` are the programs
that measure. ``figures``, ``growth`` and ``goals`` reckon; ``table``, ``plots`` and ``report`` write down what came
out. ``peers`` has the orchestrators that others use.
"""
