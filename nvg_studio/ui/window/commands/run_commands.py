"""Commands that start runs."""

from nvg_studio.editor.choices import EditorState
from nvg_studio.editor.notices import Notice
from nvg_studio.editor.session import Session
from nvg_studio.project.planning import detail_stage


class RunCommands:
    """The Run menu's commands that need more than one call."""

    def __init__(self, session: Session, state: EditorState) -> None:
        self._session, self._state = session, state

    def run(self) -> None:
        """Run from the lowest edited level; without edits, offer the other runs."""
        if self._session.lowest_changed_level is None:
            text = "Nothing was edited since the last result. Make the details anew, or another picture?"
            self._session.notified.emit(Notice(text, action="run.details", second_offer="run.new_picture"))
        else:
            self._session.generation.run()

    def run_details(self) -> None:
        """Keep the layout of the picture and run the finer levels."""
        snapshot = self._session.snapshot
        if snapshot is not None:
            self._session.generation.run(detail_stage(snapshot), keep_layout=True)

    def run_again(self) -> None:
        """Draw a new seed and run from the active level."""
        self._session.run_queue.randomize_seed()
        self._session.generation.run(self._state.choices.level, keep_layout=True)

    def run_here(self) -> None:
        """Run from the active level."""
        self._session.generation.run(self._state.choices.level)

    def toggle_live(self) -> None:
        """Switch runs after every stroke on or off."""
        self._session.run_queue.toggle_live()
