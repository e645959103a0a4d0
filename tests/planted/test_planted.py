"""The deliberate defects can be planted, and each is caught; the sample of mutants is what it says."""

import ast
from pathlib import Path

import pytest

from tests.house.source import ROOT
from tests.planted.all_defects import ALL
from tests.planted.defects import Defect, Edit, Misplaced
from tests.planted.mutants import mutants_of, sample
from tests.planted.planting import plant, unsound
from tests.planted.tree import Tree

AT_LEAST = 24

SOURCE = '''
def f(a, b=1):
    """Is left alone."""
    if a and not b:
        a += 1
        print(a)
    for one in a:
        if one == 2:
            break
    return [c for c in a if c in b] or "left alone"
'''


@pytest.mark.parametrize("defect", ALL, ids=lambda defect: defect.title)
def test_each_defect_can_be_planted(defect: Defect) -> None:
    """Broken: a defect is not planted any more where it was, and its law is no longer tried."""
    patched = defect.edit.applied(ROOT)
    assert patched != (ROOT / defect.edit.path).read_text()
    for test in defect.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), f"{path} is named and is not there"
        assert not name or f"def {name}(" in (ROOT / path).read_text(), f"{test} is named and is not there"


def test_there_are_many_defects_and_no_two_alike() -> None:
    """Broken: the list shrinks unseen."""
    assert len(ALL) >= AT_LEAST
    assert len({defect.title for defect in ALL}) == len(ALL) == len({defect.edit for defect in ALL})


@pytest.mark.parametrize("before", ["nowhere", "x"])
def test_a_defect_that_has_lost_its_place_is_refused(tmp_path: Path, before: str) -> None:
    """Broken: a defect whose code has changed is skipped, or planted somewhere else."""
    (tmp_path / "a.py").write_text("x = 1\nx = 2\n")
    with pytest.raises(Misplaced, match="times, not once"):
        Edit("a.py", before, "y").applied(tmp_path)
    with pytest.raises(Misplaced, match="no Python"):
        Edit("a.py", "x = 2", "x = (").applied(tmp_path)


def test_every_kind_of_mutant_is_found_and_is_python() -> None:
    """Broken: mutation testing tries less than its table says."""
    found = mutants_of("f.py", SOURCE)
    changes = {(mutant.kind, mutant.before.partition("\n")[0], mutant.after) for mutant in found}
    assert changes == {
        ("constant", "1", "2"),
        ("constant", "2", "3"),
        ("boolean", "a and not b", "(a or not b)"),
        ("boolean", "not b", "(b)"),
        ("negate", "a and not b", "(not (a and (not b)))"),
        ("drop", "a += 1", "pass"),
        ("arithmetic", "a += 1", "a -= 1"),
        ("drop", "print(a)", "pass"),
        ("compare", "one == 2", "(one != 2)"),
        ("jump", "break", "continue"),
        ("return None", 'return [c for c in a if c in b] or "left alone"', "return None"),
        ("boolean", '[c for c in a if c in b] or "left alone"', "([c for c in a if c in b] and 'left alone')"),
        ("compare", "c in b", "(c not in b)"),
    }
    for mutant in found:
        patched = mutant.applied_to(SOURCE)
        assert ast.dump(ast.parse(patched)) != ast.dump(ast.parse(SOURCE))


def test_a_seed_draws_the_same_mutants_again() -> None:
    """Broken: a table of survivors cannot be made again."""
    drawn = sample(ROOT, 7, 30)
    assert drawn == sample(ROOT, 7, 30) != sample(ROOT, 8, 30)
    assert len({mutant.path.split("/")[0] for mutant in drawn}) == 3


@pytest.mark.long
@pytest.mark.timeout(4 * 3_600)
def test_every_defect_is_caught(tmp_path: Path) -> None:
    """Broken: somebody could break a law of this house, and no test would say so."""
    tree = Tree.copy(tmp_path / "tree")
    assert unsound(tree, ALL) == []
    assert [defect.title for defect in ALL if not plant(tree, defect).by] == []
