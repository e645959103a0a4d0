"""Random applications: the text of a ``wantd.toml``, beside what it means in plain words.

Refs are ``j3/7`` (the seventh of the job ``j3``) and ``x0/7`` (from outside). Declared inputs lead to jobs before
their own, or to smaller numbers of the same one, so they never lead back; what jobs find missing while they run knows
no such order. What a ref needs is computed here by hand, not by the catalog.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Literal

Form = Literal["same", "before", "window", "fixed"]

_TEMPLATES = {"same": "{n}", "before": "{n-1}", "window": "{n-2..n-1}", "fixed": "1"}


@dataclass(frozen=True)
class Input:
    """One declared input: of which job or external, which of its refs, and whether it is built for the asking."""

    of: str
    form: Form
    built: bool = True

    def numbers(self, n: int) -> list[int]:
        """The numbers that it stands for."""
        found = {"same": [n], "before": [n - 1], "window": [n - 2, n - 1], "fixed": [1]}[self.form]
        return [number for number in found if number >= 0]

    def toml(self) -> str:
        ref = f"{self.of}/{_TEMPLATES[self.form]}"
        return f'"{ref}"' if self.built else f'{{ ref = "{ref}", type = "query" }}'


@dataclass(frozen=True)
class Rule:
    """One job."""

    name: str
    inputs: tuple[Input, ...]
    hidden: tuple[Input, ...]
    """What it finds out while it runs."""
    dynamic: bool
    pool: str
    slots: int
    priority: int
    more: tuple[str, ...]

    def toml(self) -> str:
        lines = [
            "[[job]]",
            f'name = "{self.name}"',
            f'outputs = ["{self.name}/{{n:int}}"]',
            f"inputs = [{', '.join(one.toml() for one in self.inputs)}]",
            'command = ["run"]',
            f"dynamic = {str(self.dynamic).lower()}",
            f'pool = "{self.pool}"',
            f"slots = {self.slots}",
            f"priority = {self.priority}",
        ]
        return "\n".join((*lines, *self.more))


@dataclass
class Plan:
    """An application."""

    width: int
    pools: dict[str, int]
    externals: list[str]
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])

    def toml(self) -> str:
        parts = ['[application]\nname = "random"', "[pools]"]
        parts += [f"{pool} = {slots}" for pool, slots in self.pools.items()]
        parts += [f'[[external]]\nname = "{name}"\noutputs = ["{name}/{{n:int}}"]' for name in self.externals]
        return "\n".join((*parts, *(rule.toml() for rule in self.rules.values())))

    def maker(self, ref: str) -> Literal["job", "external"] | None:
        name = ref.partition("/")[0]
        if name in self.rules:
            return "job"
        return "external" if name in self.externals else None

    def is_dynamic(self, ref: str) -> bool:
        return self.rules[ref.partition("/")[0]].dynamic

    def needs(self, ref: str) -> dict[str, bool]:
        """The declared inputs of a ref, and whether they are built for the asking."""
        name, _, number = ref.partition("/")
        return _named(self.rules[name].inputs, int(number))

    def hidden(self, ref: str) -> list[str]:
        """What the job of a ref finds out to need."""
        name, _, number = ref.partition("/")
        return list(_named(self.rules[name].hidden, int(number)))

    def refs(self) -> list[str]:
        """All refs that are played with."""
        return [f"{name}/{n}" for name in (*self.rules, *self.externals) for n in range(self.width)]


def _named(inputs: tuple[Input, ...], n: int) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for one in inputs:
        for number in one.numbers(n):
            ref = f"{one.of}/{number}"
            found[ref] = found.get(ref, False) or one.built
    return found


def random_plan(random: Random) -> Plan:
    """An application of one to seven jobs."""
    pools = {"default": random.choice([1, 2, 4, 8]), "small": random.choice([1, 2])}
    plan = Plan(random.choice([2, 3, 4]), pools, [f"x{n}" for n in range(random.choice([0, 1, 1, 2]))])
    for number in range(random.randint(1, 7)):
        rule = _rule(random, f"j{number}", plan)
        plan.rules[rule.name] = rule
    return plan


def _rule(random: Random, name: str, plan: Plan) -> Rule:
    before = [*plan.rules, *plan.externals]
    inputs = [_input(random, random.choice(before)) for _ in range(random.randint(0, 3)) if before]
    if random.random() < 0.1:
        inputs.append(Input(name, "before"))
    dynamic = random.random() < 0.35
    looks = before and random.random() < (0.7 if dynamic else 0.1)
    hidden = [_input(random, random.choice(before), queries=False) for _ in range(random.randint(1, 2)) if looks]
    pool = random.choice(["default", "default", "small"])
    return Rule(
        name,
        tuple(dict.fromkeys(inputs)),
        tuple(hidden),
        dynamic,
        pool,
        min(random.choice([1, 1, 1, 2]), plan.pools[pool]),
        random.choice([0, 0, 5]),
        tuple(_settings(random)),
    )


def _input(random: Random, of: str, *, queries: bool = True) -> Input:
    form = random.choice(list[Form](["same", "same", "same", "before", "window", "fixed"]))
    return Input(of, form, built=not (queries and random.random() < 0.08))


def _settings(random: Random) -> list[str]:
    found: list[str] = []
    if random.random() < 0.5:
        wait = random.choice(["0s", "2s", "20s"])
        found.append(f'batch = {{ max = {random.choice([2, 3, 5])}, wait = "{wait}" }}')
    if random.random() < 0.6:
        classes = f"exit_code = {random.choice([1, 2, 3])}, lost = {random.choice([1, 2, 3])}"
        backoff = random.choice(["0s", "5s", "30s"])
        found.append(f'retry = {{ tries = {random.choice([1, 2])}, {classes}, backoff = "{backoff}" }}')
    return found
