"""How fast wantd is: workloads through its own front door, beside the least that the same promise costs.

``python -m benchmarks`` runs every case several times in turn with its floor and prints medians and ratios.
``workloads`` says what is built, ``one`` builds it once, ``floor`` runs the other side, ``processes`` starts and
watches, ``table`` and ``page`` write down what came out.
"""
