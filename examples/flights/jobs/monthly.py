"""delays/monthly/month=M: the days of a month, added up. A warm worker with DuckDB."""

from jobs.delays import add_up, write
from wantd import Context, job


@job
def build(ctx: Context) -> None:
    [(ref, location)] = ctx.outputs
    write(location, add_up([given.location for given in ctx.inputs]))
    ctx.done(ref, metadata={"days": len(ctx.inputs)})
