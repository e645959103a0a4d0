"""Days and weeks of readings. Each job reads its inputs where they are and writes where it is told."""

from wantd import Context, job


@job
def daily(ctx: Context) -> None:
    """Write the coldest, the mean and the warmest reading of a day."""
    (ref, target), (_, source, _) = ctx.outputs[0], ctx.inputs[0]
    degrees = [float(line.split(",")[1]) for line in source.read_text().splitlines()]
    mean = sum(degrees) / len(degrees)
    target.write_text(f"{min(degrees):.1f},{mean:.1f},{max(degrees):.1f}\n")
    ctx.metric("readings", len(degrees))
    print(f"{ref}: {mean:.1f} degrees")


@job
def weekly(ctx: Context) -> None:
    """Write a table of the days of a week."""
    (_, target) = ctx.outputs[0]
    lines = ["date        min   mean    max"]
    for ref, source, _ in ctx.inputs:
        low, mean, high = source.read_text().strip().split(",")
        lines.append(f"{ref.partition('=')[2]}  {low:>5}  {mean:>5}  {high:>5}")
    target.write_text("\n".join(lines) + "\n")
