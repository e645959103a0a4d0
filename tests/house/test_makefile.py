"""`make` alone tells a stranger everything that can be done here."""

from __future__ import annotations

import re
import subprocess

from tests.house.source import ROOT

PROMISED = {"setup", "demo", "test", "test-long", "check", "bench", "fmt", "lock", "clean"}


def targets(makefile: str) -> set[str]:
    """List what a Makefile can be asked for; files that rules make are not asked for."""
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))


def test_help_lists_every_target() -> None:
    """Broken: something can be done here that `make` does not tell."""
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"^  make ([a-z-]+) +\S", shown, re.MULTILINE))
    assert listed == targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert listed >= PROMISED


def test_targets_are_found_with_or_without_a_word_about_them() -> None:
    """Broken: a target that says nothing of itself is overlooked, and the test above cannot fail."""
    assert targets("A := 1\na:=2\nhelp: ## said\n\tx\nunsaid: help\n.venv/.ready: b\n.PHONY: help\n") == {
        "help",
        "unsaid",
    }
