"""How the jobs of a simulated application are run: as processes, in warm workers, inline; some are asked how they want
to be run (``configure``). What they make, and from what, is said by the plan and does not depend on it.
"""

from dataclasses import replace
from random import Random
from typing import Literal, get_args

from tests.model.graphs import Plan, Rule

Kind = Literal["process", "worker", "inline", "said", "asked"]
"""``said``: inline, and it leaves no bytes, only says what it made. ``asked``: a process that has a configure."""

_COMMAND = 'command = ["run"]'
_HOW = {
    # What may be given a secret is started on a way of its own.
    "process": f'{_COMMAND}\npass_env = ["TOKEN"]',
    "worker": 'python = "simulated:job"\nexecutor = "worker"',
    "inline": 'python = "simulated:job"\nexecutor = "inline"',
    "said": 'python = "simulated:job"\nexecutor = "inline"',
}


def kinds_of(plan: Plan, dice: Random) -> dict[str, Kind]:
    """The kind of each job; in some applications all are processes."""
    mixed = dice.random() < 0.75
    return {name: dice.choice(get_args(Kind)) if mixed else "process" for name in plan.rules}


def toml_of(plan: Plan, kinds: dict[str, Kind]) -> str:
    """The plan as a configuration, each job with its kind."""
    jobs = "\n".join(_job(rule, kinds[name]) for name, rule in plan.rules.items())
    return f"{replace(plan, rules={}).toml()}\n{jobs}"


def _job(rule: Rule, kind: Kind) -> str:
    if kind == "asked":
        return replace(rule, inputs=(), more=(*rule.more, 'configure = ["ask"]')).toml()
    return rule.toml().replace(_COMMAND, _HOW.get(kind, _COMMAND))
