"""The one table of actions: menus, toolbars, shortcuts and the command palette all derive from it.

An action is named `group.verb`; the window supplies a handler for every name. No Qt here.
"""

from nvg_studio.ui.actions.action_spec import ActionSpec
from nvg_studio.ui.actions.cluster_actions import CLUSTER, LEVEL
from nvg_studio.ui.actions.conditions import has_document
from nvg_studio.ui.actions.run_actions import RUN
from nvg_studio.ui.actions.tool_actions import TOOLS
from nvg_studio.ui.actions.view_actions import VIEW

__all__ = ["MENUS", "TABLE", "ActionSpec"]

MENUS = ("&File", "&Edit", "&View", "&Tools", "&Level", "&Cluster", "&Run", "&Help")

_FILE = (
    ActionSpec("file.open", "&Open…", "&File", ("Ctrl+O",), "folder-open", "Open a photo or a project", bar="main"),
    ActionSpec(
        "file.paste",
        "Open from &clipboard",
        "&File",
        ("Ctrl+Shift+V",),
        "clipboard",
        "Open the picture on the clipboard",
    ),
    ActionSpec(
        "file.open_copy",
        "Open a cop&y",
        "&File",
        (),
        "",
        "Look at the project that another window has open, export it, or save it under another name",
        lambda now: now.locked_file,
    ),
    ActionSpec(
        "file.generate",
        "&New picture",
        "&File",
        ("Ctrl+N",),
        "sparkle",
        "Generate a picture from nothing",
        lambda now: now.model and now.idle,
        bar="main",
    ),
    ActionSpec(
        "file.new_layout",
        "New la&yout…",
        "&File",
        ("Ctrl+Shift+N",),
        "note-pencil",
        "Paint the layout of a new picture from nothing",
        lambda now: now.model,
        bar="main",
    ),
    ActionSpec(
        "file.save",
        "&Save project",
        "&File",
        ("Ctrl+S",),
        "floppy-disk",
        "Save the project (.nvgs)",
        has_document,
        bar="main",
        line=True,
    ),
    ActionSpec("file.save_as", "Save project &as…", "&File", ("Ctrl+Shift+S",), "", "", has_document),
    ActionSpec(
        "file.export_png",
        "Save picture as &PNG…",
        "&File",
        ("Ctrl+E",),
        "image",
        "Save the picture as a PNG file that holds the work",
        has_document,
        bar="main",
    ),
    ActionSpec(
        "file.export",
        "&Export…",
        "&File",
        ("Ctrl+Shift+E",),
        "export",
        "Layers, label maps or a strip for other programs",
        has_document,
    ),
    ActionSpec("file.quit", "&Quit", "&File", ("Ctrl+Q",), line=True),
)
_EDIT = (
    ActionSpec(
        "edit.undo",
        "&Undo",
        "&Edit",
        ("Ctrl+Z",),
        "arrow-u-up-left",
        "",
        lambda now: now.can_undo,
        bar="main",
        line=True,
    ),
    ActionSpec(
        "edit.redo",
        "&Redo",
        "&Edit",
        ("Ctrl+Shift+Z", "Ctrl+Y"),
        "arrow-u-up-right",
        "",
        lambda now: now.can_redo,
        bar="main",
    ),
    ActionSpec(
        "edit.copy",
        "&Copy picture",
        "&Edit",
        ("Ctrl+C",),
        "copy",
        "Copy the picture to the clipboard",
        has_document,
        line=True,
    ),
    ActionSpec(
        "edit.reference",
        "Use a picture as &reference…",
        "&Edit",
        (),
        "folder-open",
        "Take the structure of another picture",
        line=True,
    ),
    ActionSpec("edit.reference_paste", "Paste as re&ference", "&Edit", ("Ctrl+Alt+V",), "clipboard"),
    ActionSpec(
        "edit.convert",
        "Con&vert to this model",
        "&Edit",
        (),
        "",
        "Keep layout, locks and names, and make the content anew with the loaded model",
        lambda now: now.foreign_content,
    ),
    ActionSpec(
        "edit.exact",
        "E&xact pixels",
        "&Edit",
        (),
        "",
        "Locked areas keep the picture's own pixels, byte for byte",
        checkable=True,
        line=True,
    ),
    ActionSpec("edit.preferences", "Pre&ferences…", "&Edit", ("Ctrl+,",), "gear", "Theme, device and more", line=True),
)
_HELP = (
    ActionSpec(
        "help.palette", "Find a &command…", "&Help", ("Ctrl+Shift+P",), "magnifying-glass", "Find any command by name"
    ),
    ActionSpec("help.shortcuts", "&Shortcuts…", "&Help", ("Ctrl+/",), "keyboard"),
    ActionSpec("help.about", "&About NVG Studio", "&Help", line=True),
)
TABLE: tuple[ActionSpec, ...] = (*_FILE, *_EDIT, *VIEW, *TOOLS, *LEVEL, *CLUSTER, *RUN, *_HELP)
