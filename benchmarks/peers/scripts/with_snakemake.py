"""Snakemake: one rule whose input function looks up what each file needs; a shell command makes the file."""

import subprocess
import sys
from pathlib import Path

from common import last, needs, timed

SNAKEFILE = """import json
needs = json.load(open({graph!r}))
rule everything:
    input: {wanted!r}
rule node:
    output: "made{{number}}"
    input: lambda wildcards: [f"made{{need}}" for need in needs[int(wildcards.number)]]
    shell: ": > {{output}}"
"""


def reason(said: str) -> str:
    """What snakemake says of an error first."""
    lines = said.rpartition("WorkflowError:")[2].splitlines()
    return next((line for line in lines if line.strip()), "it did not say why")


if __name__ == "__main__":
    graph = needs()
    wanted = [f"made{number}" for number in last(graph)]
    Path("Snakefile").write_text(SNAKEFILE.format(graph=sys.argv[1], wanted=wanted))
    quiet = ["--quiet", "host", "progress", "reason", "rules"]  # not all: an error has to be heard
    snakemake = [str(Path(sys.executable).with_name("snakemake")), "--cores", "2", *quiet]
    for phase, options in (("plan", ["--dry-run"]), ("build", []), ("again", [])):
        with timed(phase), Path("said").open("w") as said:
            ended = subprocess.run([*snakemake, *options, "--", "everything"], stdout=said, stderr=said, check=False)
            if ended.returncode:
                sys.exit(reason(Path("said").read_text()))
    assert len(list(Path().glob("made*"))) == len(graph)
