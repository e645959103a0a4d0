"""The refs of the application ``crowd``, as those name them who want them."""


def crowd(size: int) -> list[str]:
    """Name so many refs: pairs of a process and the worker that reads it, and one in 25 that is hopeless."""
    hopeless = [f"hopeless/{('process', 'worker')[n % 2]}/{n}" for n in range(size // 25)]
    refs = [f"{kind}/{n}" for n in range((size - len(hopeless)) // 2) for kind in ("process", "worker")]
    step = len(refs) // len(hopeless) + 1
    for number, ref in enumerate(hopeless):
        refs.insert(number * step, ref)
    return refs


def is_hopeless(ref: str) -> bool:
    """Tell the refs whose job never ends well."""
    return ref.startswith("hopeless/")
