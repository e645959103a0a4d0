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

if __name__ == "__main__":
    graph = needs()
    wanted = [f"made{number}" for number in last(graph)]
    Path("Snakefile").write_text(SNAKEFILE.format(graph=sys.argv[1], wanted=wanted))
    snakemake = [str(Path(sys.executable).with_name("snakemake")), "--cores", "2", "--quiet", "all"]
    for phase, options in (("plan", ["--dry-run"]), ("build", []), ("again", [])):
        with timed(phase):
            subprocess.run([*snakemake, *options, "--", "everything"], check=True, stdout=subprocess.DEVNULL)
    assert len(list(Path().glob("made*"))) == len(graph)
