"""The handlers of the actions: one per row of the table, and nothing else knows them by name."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox

from nvg_studio.editor.choices import LockKind, Palette, ViewMode
from nvg_studio.editor.files.preferences import DEVICES
from nvg_studio.editor.files.project_files import (
    PHOTO_FILTER,
    PICTURE_FILTER,
    PROJECT_FILTER,
    PROJECT_SUFFIX,
    BlockedSave,
)
from nvg_studio.editor.notices import Kind, Notice
from nvg_studio.editor.pictures.qimages import to_qimage
from nvg_studio.granularity import edits
from nvg_studio.paths import shipped_model
from nvg_studio.project.planning import detail_stage
from nvg_studio.sampling.events import Failed
from nvg_studio.ui.dialogs.about import AboutDialog
from nvg_studio.ui.dialogs.changed_outside import ChangedOutsideDialog
from nvg_studio.ui.dialogs.colour import ColourDialog
from nvg_studio.ui.dialogs.models import ModelsDialog
from nvg_studio.ui.dialogs.new_layout import LayoutChoice, NewLayoutDialog
from nvg_studio.ui.dialogs.palette import CommandPalette
from nvg_studio.ui.dialogs.preferences import THEMES, PreferencesDialog
from nvg_studio.ui.dialogs.save_target import ask_save_path
from nvg_studio.ui.dialogs.simple import ask_unsaved, shortcuts_dialog
from nvg_studio.ui.qt.dropped_data import IncomingFile, IncomingPicture, incoming

if TYPE_CHECKING:
    from nvg_studio.ui.window.main_window import MainWindow


CLIPBOARD = "clipboard"
"""Title of what was pasted."""


def _nothing() -> None:
    """Where nobody waits for it."""


class Commands:
    """What the actions do, for one window."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self._session = window.session
        self._state = window.state

    def handlers(self) -> dict[str, Callable[[], None]]:
        """Handler by action name."""
        session, state = self._session, self._state
        return {
            **self._file_handlers(),
            **self._view_handlers(),
            **self._cluster_handlers(),
            "edit.undo": session.document_editor.undo,
            "edit.redo": session.document_editor.redo,
            "edit.copy": self.copy,
            "edit.reference": self.open_reference,
            "edit.reference_paste": self.paste_reference,
            "edit.convert": session.convert,
            "edit.exact": lambda: state.set(replace(state.choices, exact_pixels=not state.choices.exact_pixels)),
            **{f"tool.{name}": self._setter(tool=name) for name in self._window.tools},
            "brush.smaller": lambda: state.set(replace(state.choices, size=state.choices.size - 1)),
            "brush.larger": lambda: state.set(replace(state.choices, size=state.choices.size + 1)),
            "brush.swap": state.swap,
            "brush.inside_parent": lambda: state.set(
                replace(state.choices, inside_parent=not state.choices.inside_parent)
            ),
            "brush.balanced": lambda: state.set(replace(state.choices, balanced=not state.choices.balanced)),
            "brush.contiguous": lambda: state.set(replace(state.choices, contiguous=not state.choices.contiguous)),
            "level.coarser": lambda: state.set_level(state.choices.level - 1),
            "level.finer": lambda: state.set_level(state.choices.level + 1),
            **{f"level.{n}": self._level_setter(n) for n in range(9)},
            "level.lock_layout": lambda: session.document_editor.lock_level(state.choices.level, LockKind.LAYOUT),
            "level.lock_coarse": lambda: session.document_editor.lock_level(state.choices.level, LockKind.COARSE),
            "level.release_layout": session.document_editor.release_layout,
            "run.run": self.run,
            "run.details": self.run_details,
            "run.new_picture": lambda: session.generation.run(0, keep_layout=True),
            "run.here": lambda: session.generation.run(state.choices.level),
            "run.again": self.run_again,
            "run.live": session.run_queue.toggle_live,
            "run.results": lambda: self._window.generation_docks.compare(not self._window.generation_docks.comparing),
            "run.clear": session.generation.clear_unstarred,
            "run.cancel": session.run_queue.cancel,
            "run.models": self.models,
            "help.palette": self.palette,
            "help.shortcuts": self.shortcuts,
            "help.about": lambda: self._open(AboutDialog(session.info, self._window)),
            "edit.preferences": self.preferences,
        }

    def _file_handlers(self) -> dict[str, Callable[[], None]]:
        return {
            "file.open": self.open,
            "file.open_copy": lambda: self.confirm_unsaved(self._window.project_files.open_copy),
            "file.paste": self.paste,
            "file.generate": self.generate,
            "file.new_layout": self.new_layout,
            "file.save": self.save,
            "file.save_as": self.save_as,
            "file.export_png": self._window.export_controller.save_picture,
            "file.export": self._window.export_controller.ask,
            "file.quit": self.quit,
        }

    def _view_handlers(self) -> dict[str, Callable[[], None]]:
        canvas, state = self._window.canvas, self._state
        return {
            **{f"view.{mode}": self._setter(view=mode) for mode in ViewMode},
            "view.level_picture": lambda: state.set(
                replace(state.choices, level_picture=not state.choices.level_picture)
            ),
            "view.cell_grid": lambda: state.set(replace(state.choices, cell_grid=not state.choices.cell_grid)),
            **{f"view.colours_{palette}": self._setter(palette=palette) for palette in Palette},
            "view.fit": canvas.fit,
            "view.actual": canvas.actual_size,
            "view.zoom_in": lambda: canvas.zoom(1.25),
            "view.zoom_out": lambda: canvas.zoom(0.8),
            **{f"view.theme_{name}": partial(self._prefer, theme=name) for name in THEMES},
        }

    def _cluster_handlers(self) -> dict[str, Callable[[], None]]:
        editing, state = self._session.document_editor, self._state
        return {
            "cluster.lock_layout": lambda: self.lock_selected(LockKind.LAYOUT),
            "cluster.lock_region": lambda: self.lock_selected(LockKind.REGION),
            "cluster.lock_coarse": lambda: self.lock_selected(LockKind.COARSE),
            "cluster.unlock": lambda: editing.unlock_clusters(state.choices.level, state.choices.selected),
            "cluster.unlock_all": editing.unlock_all,
            "cluster.take": lambda: state.activate(min(state.choices.selected)),
            "cluster.content": lambda: editing.copy_content(
                state.choices.level, state.choices.selected, state.choices.cluster
            ),
            "cluster.colour": self.choose_colour,
            "cluster.rename": lambda: self._window.clusters.edit_name(),
            "cluster.only": lambda: state.toggle_only(state.choices.selected),
            "cluster.show_all": self._setter(only=frozenset()),
            "cluster.deselect": self._setter(selected=frozenset()),
            "cluster.balance": lambda: editing.balance(state.choices.level),
            "cluster.merge": lambda: editing.merge(state.choices.level, min(state.choices.selected)),
            "cluster.swap": lambda: editing.swap(state.choices.level, *sorted(state.choices.selected)),
        }

    def _setter(self, **values: Any) -> Callable[[], None]:
        return lambda: self._state.set(replace(self._state.choices, **values))

    def _prefer(self, **values: Any) -> None:
        self._window.set_preferences(replace(self._window.user_settings.preferences, **values))

    def _level_setter(self, level: int) -> Callable[[], None]:
        return lambda: self._state.set_level(level)

    # -- files ----------------------------------------------------------------------------------

    def open(self) -> None:
        """Ask for a photo or a project."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open", self._window.user_settings.folder, PHOTO_FILTER)
        if name:
            self.open_path(Path(name))

    def open_path(self, path: Path) -> None:
        """Open a file, once unsaved changes are confirmed."""
        self.confirm_unsaved(lambda: self._window.project_files.open(path))

    def paste(self) -> None:
        """Open what is on the clipboard: a picture, or the first file."""
        self.open_data(QApplication.clipboard().mimeData(), CLIPBOARD)

    def open_data(self, data: QMimeData | None, title: str) -> bool:
        """Open what was dropped or pasted, a file or a picture; False, and a notice, where nothing can be used."""
        found = incoming(data, pasted=title == CLIPBOARD)
        if isinstance(found, IncomingFile):
            self.open_path(found.path)
        elif isinstance(found, IncomingPicture):
            read = found.read
            self.confirm_unsaved(lambda: self._window.project_files.open_picture(read, title))
        else:
            self._warn(found.reason)
            return False
        return True

    def generate(self) -> None:
        """Make a new picture, once unsaved changes are confirmed."""
        self.confirm_unsaved(self._session.generation.generate)

    def new_layout(self) -> None:
        """Ask for a class and begin a blank document, once unsaved changes are confirmed."""
        session, info = self._session, self._session.info
        if info is None:
            return
        dialog = NewLayoutDialog(info, session.run_queue.options.settings.class_id, self._window)
        dialog.chosen.connect(lambda choice: self.confirm_unsaved(lambda: self._begin_layout(choice)))
        self._open(dialog)

    def _begin_layout(self, choice: LayoutChoice) -> None:
        self._session.generation.new_layout(choice.class_id, choice.bands)
        self._state.set_level(1)
        self._state.set(replace(self._state.choices, tool="brush", balanced=choice.bands, cluster=1, other=0))

    def open_reference(self) -> None:
        """Ask for a picture to take the structure of."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Reference picture", self._window.user_settings.folder, PICTURE_FILTER
        )
        if name:
            self._window.generation_docks.reference_controller.open(Path(name))
            self._window.show_dock("reference")

    def paste_reference(self) -> None:
        """Use the picture on the clipboard as reference."""
        self._window.generation_docks.open_reference_data(QApplication.clipboard().mimeData(), pasted=True)

    def save(self) -> None:
        """Save the project where it came from, or ask."""
        if self._session.path is None:
            self.save_as()
        else:
            self._window.project_files.save(self._session.path)

    def save_as(self, then: Callable[[], None] = _nothing, otherwise: Callable[[], None] = _nothing) -> None:
        """Ask where to save the project; then as `Files.save`."""
        proposal = Path(self._window.user_settings.folder) / self._session.name
        path = ask_save_path(self._window, "Save project", proposal, PROJECT_FILTER, (PROJECT_SUFFIX,))
        if path is not None:
            self._window.project_files.save(path, then, otherwise)
        else:
            otherwise()

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        if self._window.displayed.picture is not None:
            QApplication.clipboard().setImage(to_qimage(self._window.displayed.picture))

    def ask_changed(self, save: BlockedSave) -> None:
        """Ask about a file that somebody else changed; a question about an earlier save of it is answered by this."""
        window = self._window
        for earlier in window.findChildren(ChangedOutsideDialog):
            earlier.close()
        dialog = ChangedOutsideDialog(save.path.name, window)
        dialog.replace_requested.connect(lambda: window.project_files.save(save.path, save.then, save.otherwise, True))
        dialog.save_as_requested.connect(lambda: self.save_as(save.then, save.otherwise))
        dialog.given_up.connect(save.otherwise)
        self._open(dialog)

    def quit(self) -> None:
        """Close the window, which ends the program."""
        self._window.close()

    def confirm_unsaved(self, then: Callable[[], None], otherwise: Callable[[], None] = _nothing) -> None:
        """Call `then` once there are no unsaved changes to lose, or `otherwise` if the user cancels."""
        if self._session.document is None or not self._session.modified:
            then()
            return
        answer = ask_unsaved(self._session.name, self._window)
        if answer == QMessageBox.StandardButton.Discard:
            self._session.discard_unsaved()
            then()
        elif answer == QMessageBox.StandardButton.Save:
            # What is changed while the file is written is asked about once more.
            again = partial(self.confirm_unsaved, then, otherwise)
            if self._session.path is None:
                self.save_as(again, otherwise)
            else:
                self._window.project_files.save(self._session.path, again, otherwise)
        else:
            otherwise()

    # -- clusters and runs ----------------------------------------------------------------------

    def lock_selected(self, kind: LockKind) -> None:
        """Lock the selected clusters."""
        self._session.document_editor.lock_clusters(self._state.choices.level, self._state.choices.selected, kind)

    def choose_colour(self) -> None:
        """Offer the codes nearest to a colour for the selected cluster."""
        session, now = self._session, self._state.choices
        level, cluster = now.level, min(now.selected)
        cells = session.labels(level) == cluster
        path = edits.path_tokens(session.sequence, level, cluster)
        if -1 in path:
            self._warn(f"Cluster {cluster} is empty: give it cells before a colour.")
            return
        mean = tuple(int(value) for value in session.cell_colours[cells].mean(axis=0).round())
        name = session.cluster_name(level, cluster) or f"cluster {cluster}"
        dialog = ColourDialog(
            session.codebook_colours, path[:-1], mean, f"Colour of {name}, level {level}", self._window
        )
        dialog.chosen.connect(lambda token: session.document_editor.set_token(level, cluster, token))
        self._open(dialog)

    def run(self) -> None:
        """Run what the edits ask for; without edits, offer what else there is to run."""
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
        """Roll the seed and run from the active level."""
        self._session.run_queue.randomize_seed()
        self._session.generation.run(self._state.choices.level, keep_layout=True)

    def models(self) -> None:
        """Show the models; there is one such dialog."""
        window = self._window
        dialog = window.findChild(ModelsDialog)
        if dialog is None:
            dialog = ModelsDialog(window.model_manager, self._session, window.theme, window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.use_requested.connect(self.use_model)
        dialog.show()
        dialog.raise_()

    def use_model(self, folder: Path) -> None:
        """Load a model, now and at every start."""
        settings = self._window.user_settings
        model = "" if folder == shipped_model() else str(folder)
        settings.set_preferences(replace(settings.preferences, model=model))
        self.load_model()

    def load_model(self) -> None:
        """Load the chosen model, or the shipped one, where the preferences say."""
        chosen = self._window.user_settings.preferences
        folder = Path(chosen.model) if chosen.model else shipped_model()
        self._session.load_model(folder, chosen.device, chosen.dtype)

    def device_refused(self, device: str, failure: Failed) -> None:
        """Go back to the automatic choice of the device, which is always there."""
        text = f"{DEVICES[device]} cannot be used on this computer, so the device is Automatic again."
        self._session.notified.emit(
            Notice(text, Kind.WARNING, "\n".join(filter(None, (failure.message, failure.details))))
        )
        self._prefer(device="auto")
        self._window.generation_docks.show_model()

    # -- help -----------------------------------------------------------------------------------

    def palette(self) -> None:
        """Open the command palette."""
        CommandPalette(self._window.action_set, self._window).show_over(self._window)

    def shortcuts(self) -> None:
        """Show all shortcuts."""
        self._open(shortcuts_dialog(self._window.action_set, self._window))

    def preferences(self) -> None:
        """Let preferences be chosen."""
        dialog = PreferencesDialog(self._window.user_settings.preferences, self._window)
        dialog.chosen.connect(self._window.set_preferences)
        self._open(dialog)

    def _open(self, dialog: QDialog) -> None:
        """Open a dialog over the window, and delete it when it is closed."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _warn(self, text: str) -> None:
        self._session.notified.emit(Notice(text, Kind.WARNING))
