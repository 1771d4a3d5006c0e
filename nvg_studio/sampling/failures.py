"""Any exception as one line for the user; for the engine process and the command line. No torch here."""

from nvg_studio.errors import NVGError

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory")


def explain(error: BaseException, where: str = "") -> str:
    """What went wrong, in one line. `where` is a device name for messages about memory, or nothing."""
    if isinstance(error, NVGError):
        return " ".join(str(error).split())
    if is_out_of_memory(error):
        place = f" on {where}" if where else ""
        return f"Out of memory{place}: make fewer pictures at once, close other programs or take a smaller model."
    first = (str(error).splitlines() or [""])[0]
    return f"Internal error ({type(error).__name__}: {first}). Nothing was changed; please report it."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, torch's on a GPU (by its name, without torch) or torch's on the CPU."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"MemoryError", "OutOfMemoryError"}) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY_WORDS)
    )
