"""Marks along the slider: where in the log something failed."""

from collections.abc import Iterable

from markupsafe import Markup

WIDTH, HEIGHT = 1000, 6


def marks(seqs: Iterable[int], head: int) -> Markup:
    """A strip as long as the log, with a mark for each of these entries."""
    mark = Markup('<rect class="fill-bad" x="{:.1f}" y="0" width="3" height="{}"/>')
    drawn = Markup("").join(mark.format((WIDTH - 3) * seq / max(head, 1), HEIGHT) for seq in seqs)
    frame = Markup('<svg class="marks" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">{}</svg>')
    return frame.format(WIDTH, HEIGHT, drawn)
