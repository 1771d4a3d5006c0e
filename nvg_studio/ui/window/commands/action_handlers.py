"""The handlers of the actions, one per row of the table. Only this module refers to all of them by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from nvg_studio.editor.choices import EditorState, LockKind, Palette, ViewMode
from nvg_studio.editor.session import Session
from nvg_studio.ui.actions.tool_actions import TOOL_PREFIX, TOOLS
from nvg_studio.ui.canvas.view import CanvasView
from nvg_studio.ui.dialogs.preferences import THEMES
from nvg_studio.ui.window.applied_preferences import AppliedPreferences
from nvg_studio.ui.window.commands.cluster_commands import ClusterCommands
from nvg_studio.ui.window.commands.dialog_commands import DialogCommands
from nvg_studio.ui.window.commands.file_commands import FileCommands
from nvg_studio.ui.window.commands.model_commands import ModelCommands
from nvg_studio.ui.window.commands.run_commands import RunCommands
from nvg_studio.ui.window.commands.save_commands import SaveCommands
from nvg_studio.ui.window.connectors.reference import ReferenceConnector
from nvg_studio.ui.window.connectors.results import ResultsConnector
from nvg_studio.ui.window.export import ExportController

Handler = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Commands:
    """The commands of one window, by subject."""

    files: FileCommands
    saving: SaveCommands
    clusters: ClusterCommands
    runs: RunCommands
    models: ModelCommands
    dialogs: DialogCommands


@dataclass(frozen=True, eq=False)
class ActionTargets:
    """What the actions act on, for one window."""

    commands: Commands
    session: Session
    state: EditorState
    canvas: CanvasView
    exports: ExportController
    reference: ReferenceConnector
    results: ResultsConnector
    preferences: AppliedPreferences
    copy_picture: Handler
    rename_cluster: Handler
    close_window: Handler


def action_handlers(targets: ActionTargets) -> dict[str, Handler]:
    """Handler by action name, for every action of the table."""
    return {
        **_file_handlers(targets),
        **_edit_handlers(targets),
        **_view_handlers(targets),
        **_tool_handlers(targets.state),
        **_level_handlers(targets),
        **_cluster_handlers(targets),
        **_run_handlers(targets),
        "help.palette": targets.commands.dialogs.show_palette,
        "help.shortcuts": targets.commands.dialogs.show_shortcuts,
        "help.about": targets.commands.dialogs.show_about,
    }


def _file_handlers(targets: ActionTargets) -> dict[str, Handler]:
    files, saving = targets.commands.files, targets.commands.saving
    return {
        "file.open": files.open,
        "file.open_copy": files.open_copy,
        "file.paste": files.paste,
        "file.generate": files.generate,
        "file.new_layout": files.new_layout,
        "file.save": saving.save,
        "file.save_as": saving.save_as,
        "file.export_png": targets.exports.save_picture,
        "file.export": targets.exports.ask,
        "file.quit": targets.close_window,
    }


def _edit_handlers(targets: ActionTargets) -> dict[str, Handler]:
    session, state = targets.session, targets.state
    return {
        "edit.undo": session.document_editor.undo,
        "edit.redo": session.document_editor.redo,
        "edit.copy": targets.copy_picture,
        "edit.reference": targets.reference.ask_picture,
        "edit.reference_paste": targets.reference.paste,
        "edit.convert": session.convert,
        "edit.exact": lambda: state.set(replace(state.choices, exact_pixels=not state.choices.exact_pixels)),
        "edit.preferences": targets.commands.dialogs.edit_preferences,
    }


def _view_handlers(targets: ActionTargets) -> dict[str, Handler]:
    canvas, state = targets.canvas, targets.state
    return {
        **{f"view.{mode}": partial(_set_view, state, mode) for mode in ViewMode},
        "view.level_picture": lambda: state.set(replace(state.choices, level_picture=not state.choices.level_picture)),
        "view.cell_grid": lambda: state.set(replace(state.choices, cell_grid=not state.choices.cell_grid)),
        **{f"view.colours_{palette}": partial(_set_palette, state, palette) for palette in Palette},
        "view.fit": canvas.fit,
        "view.actual": canvas.actual_size,
        "view.zoom_in": lambda: canvas.zoom(1.25),
        "view.zoom_out": lambda: canvas.zoom(0.8),
        **{f"view.theme_{name}": partial(_set_theme, targets.preferences, name) for name in THEMES},
    }


def _set_view(state: EditorState, view: ViewMode) -> None:
    state.set(replace(state.choices, view=view))


def _set_palette(state: EditorState, palette: Palette) -> None:
    state.set(replace(state.choices, palette=palette))


def _set_theme(preferences: AppliedPreferences, name: str) -> None:
    preferences.set(replace(preferences.current, theme=name))


def _set_tool(state: EditorState, name: str) -> None:
    state.set(replace(state.choices, tool=name))


def _tool_handlers(state: EditorState) -> dict[str, Handler]:
    names = [spec.name.removeprefix(TOOL_PREFIX) for spec in TOOLS if spec.name.startswith(TOOL_PREFIX)]
    return {
        **{f"{TOOL_PREFIX}{name}": partial(_set_tool, state, name) for name in names},
        "brush.smaller": lambda: state.set(replace(state.choices, size=state.choices.size - 1)),
        "brush.larger": lambda: state.set(replace(state.choices, size=state.choices.size + 1)),
        "brush.swap": state.swap,
        "brush.inside_parent": lambda: state.set(replace(state.choices, inside_parent=not state.choices.inside_parent)),
        "brush.balanced": lambda: state.set(replace(state.choices, balanced=not state.choices.balanced)),
        "brush.contiguous": lambda: state.set(replace(state.choices, contiguous=not state.choices.contiguous)),
    }


def _level_handlers(targets: ActionTargets) -> dict[str, Handler]:
    editor, state = targets.session.document_editor, targets.state
    return {
        "level.coarser": lambda: state.set_level(state.choices.level - 1),
        "level.finer": lambda: state.set_level(state.choices.level + 1),
        **{f"level.{n}": partial(state.set_level, n) for n in range(9)},
        "level.lock_layout": lambda: editor.lock_level(state.choices.level, LockKind.LAYOUT),
        "level.lock_coarse": lambda: editor.lock_level(state.choices.level, LockKind.COARSE),
        "level.release_layout": editor.release_layout,
    }


def _cluster_handlers(targets: ActionTargets) -> dict[str, Handler]:
    editor, state, clusters = targets.session.document_editor, targets.state, targets.commands.clusters
    return {
        "cluster.lock_layout": partial(clusters.lock_selected, LockKind.LAYOUT),
        "cluster.lock_region": partial(clusters.lock_selected, LockKind.REGION),
        "cluster.lock_coarse": partial(clusters.lock_selected, LockKind.COARSE),
        "cluster.unlock": lambda: editor.unlock_clusters(state.choices.level, state.choices.selected),
        "cluster.unlock_all": editor.unlock_all,
        "cluster.take": lambda: state.activate(min(state.choices.selected)),
        "cluster.content": lambda: editor.copy_content(
            state.choices.level, state.choices.selected, state.choices.cluster
        ),
        "cluster.colour": clusters.choose_colour,
        "cluster.rename": targets.rename_cluster,
        "cluster.only": lambda: state.toggle_only(state.choices.selected),
        "cluster.show_all": lambda: state.set(replace(state.choices, only=frozenset())),
        "cluster.deselect": lambda: state.set(replace(state.choices, selected=frozenset())),
        "cluster.balance": lambda: editor.balance(state.choices.level),
        "cluster.merge": lambda: editor.merge(state.choices.level, min(state.choices.selected)),
        "cluster.swap": lambda: editor.swap(state.choices.level, *sorted(state.choices.selected)),
    }


def _run_handlers(targets: ActionTargets) -> dict[str, Handler]:
    runs, session = targets.commands.runs, targets.session
    return {
        "run.run": runs.run,
        "run.details": runs.run_details,
        "run.new_picture": lambda: session.generation.run(0, keep_layout=True),
        "run.here": runs.run_here,
        "run.again": runs.run_again,
        "run.live": runs.toggle_live,
        "run.results": targets.results.toggle_comparing,
        "run.clear": session.generation.clear_unstarred,
        "run.cancel": session.run_queue.cancel,
        "run.models": targets.commands.models.show_models,
    }
