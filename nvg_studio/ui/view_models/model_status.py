"""What the welcome page says about the model."""

from nvg_studio.editor.session import Session


def model_line(session: Session) -> str:
    """How the model is doing, for the empty window."""
    if session.loading is not None:
        return f"Loading the model {session.loading}…"
    if session.info is None:
        return "No model is loaded yet. Choose one under Run, Models."
    if session.run_queue.running is not None:
        return "Generating…"
    classes = ", ".join(session.info.class_names[:5]).replace("_", " ")
    more = "…" if len(session.info.class_names) > 5 else ""
    known = f": {classes}{more}" if classes else ""
    return f"Model {session.info.name} is ready{known}"
