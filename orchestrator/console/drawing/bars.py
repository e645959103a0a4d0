"""A bar of parts that add up: how many are in which state."""

from collections.abc import Mapping

from markupsafe import Markup

from orchestrator.console.tones import TONES

WIDTH = 400
HEIGHT = 8
_LEAST = 3
"""How wide a part is drawn at least: one of a million is seen too."""


def stacked_bar(parts: Mapping[str, int]) -> Markup:
    """The parts side by side, each in the tone of its state. What is empty is left out."""
    shown = {name: number for name, number in parts.items() if number > 0}
    total = sum(shown.values())
    if not total:
        return Markup("")
    widths = _widths(list(shown.values()), total)
    pieces: list[Markup] = []
    x = 0.0
    for (name, number), width in zip(shown.items(), widths, strict=True):
        piece = Markup('<rect class="fill-{}" x="{:.1f}" y="0" width="{:.1f}" height="{}"><title>{}</title></rect>')
        pieces.append(piece.format(TONES.get(name, "past"), x, width, HEIGHT, f"{name}: {number}"))
        x += width
    told = ", ".join(f"{number} {name}" for name, number in shown.items())
    frame = Markup(
        '<svg class="bar" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    )
    return frame.format(WIDTH, HEIGHT, told, Markup("").join(pieces))


def _widths(numbers: list[int], total: int) -> list[float]:
    """Widths that add up to WIDTH, none below _LEAST."""
    wished = [max(_LEAST, WIDTH * number / total) for number in numbers]
    return [width * WIDTH / sum(wished) for width in wished]
