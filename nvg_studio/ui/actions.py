"""The one table of actions: menus, toolbars, shortcuts and the command palette all derive from it.

An action is named `group.verb`; the window supplies a handler for every name. `needs` lists the conditions under which
it is enabled ("document", "model", "idle", ...): `presenter.conditions` says which hold. No Qt here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table.

    `group`: exclusive group of checkable actions; `bar`: the toolbar it stands on ("main", "tools", "view" or none);
    `line`: a separator goes before it in menu and toolbar.
    """

    name: str
    text: str
    menu: str
    shortcuts: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    needs: tuple[str, ...] = ()
    group: str = ""
    checkable: bool = False
    bar: str = ""
    line: bool = False


MENUS = ("&File", "&Edit", "&View", "&Tools", "&Level", "&Cluster", "&Run", "&Help")
_DOC = ("document",)

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
        "file.generate",
        "&New picture",
        "&File",
        ("Ctrl+N",),
        "sparkle",
        "Generate a picture from nothing",
        ("model", "idle"),
        bar="main",
    ),
    ActionSpec(
        "file.save",
        "&Save project",
        "&File",
        ("Ctrl+S",),
        "floppy-disk",
        "Save the project (.nvgs)",
        _DOC,
        bar="main",
        line=True,
    ),
    ActionSpec("file.save_as", "Save project &as…", "&File", ("Ctrl+Shift+S",), "", "", _DOC),
    ActionSpec(
        "file.export_png",
        "Save picture as &PNG…",
        "&File",
        ("Ctrl+E",),
        "image",
        "Save the picture as a PNG file",
        _DOC,
        bar="main",
    ),
    ActionSpec("file.quit", "&Quit", "&File", ("Ctrl+Q",), line=True),
)
_EDIT = (
    ActionSpec("edit.undo", "&Undo", "&Edit", ("Ctrl+Z",), "arrow-u-up-left", "", ("undo",), bar="main", line=True),
    ActionSpec(
        "edit.redo", "&Redo", "&Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "arrow-u-up-right", "", ("redo",), bar="main"
    ),
    ActionSpec(
        "edit.copy", "&Copy picture", "&Edit", ("Ctrl+C",), "copy", "Copy the picture to the clipboard", _DOC, line=True
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
)
_VIEW = (
    ActionSpec(
        "view.picture", "&Picture", "&View", ("F1",), "image-square", "Show the picture", group="view", bar="view"
    ),
    ActionSpec(
        "view.structure",
        "&Structure",
        "&View",
        ("F2",),
        "squares-four",
        "Show the structure map of the level",
        group="view",
        bar="view",
    ),
    ActionSpec(
        "view.overlay",
        "&Overlay",
        "&View",
        ("F3",),
        "circle-half",
        "Show the structure map over the picture",
        group="view",
        bar="view",
    ),
    ActionSpec(
        "view.boundaries",
        "&Boundaries",
        "&View",
        ("F4",),
        "bounding-box",
        "Show the cluster boundaries",
        group="view",
        bar="view",
    ),
    ActionSpec(
        "view.level_picture",
        "Picture of this &level",
        "&View",
        ("F5",),
        "stack-simple",
        "Show the picture as it stands after this level",
        checkable=True,
        bar="view",
        line=True,
    ),
    ActionSpec(
        "view.fit",
        "&Fit in window",
        "&View",
        ("Ctrl+0",),
        "corners-out",
        "Fit the picture in the window",
        _DOC,
        bar="view",
        line=True,
    ),
    ActionSpec("view.actual", "&100 %", "&View", ("Ctrl+1",), "", "One picture pixel on one screen pixel", _DOC),
    ActionSpec("view.zoom_in", "Zoom &in", "&View", ("Ctrl++", "Ctrl+="), "", "", _DOC),
    ActionSpec("view.zoom_out", "Zoom ou&t", "&View", ("Ctrl+-",), "", "", _DOC),
    ActionSpec("view.theme_system", "Theme of the s&ystem", "&View", (), group="theme", line=True),
    ActionSpec("view.theme_dark", "&Dark theme", "&View", (), group="theme"),
    ActionSpec("view.theme_light", "Li&ght theme", "&View", (), group="theme"),
)
_TOOLS = (
    ActionSpec(
        "tool.select", "&Select", "&Tools", ("V",), "cursor", "Select and inspect clusters", group="tool", bar="tools"
    ),
    ActionSpec(
        "tool.brush",
        "&Brush",
        "&Tools",
        ("B",),
        "paint-brush",
        "Give cells to the cluster in hand",
        group="tool",
        bar="tools",
    ),
    ActionSpec(
        "tool.eraser",
        "&Restore eraser",
        "&Tools",
        ("E",),
        "eraser",
        "Give cells back to what the last run had",
        group="tool",
        bar="tools",
    ),
    ActionSpec(
        "tool.fill",
        "&Fill",
        "&Tools",
        ("G",),
        "paint-bucket",
        "Give a whole cluster to the cluster in hand",
        group="tool",
        bar="tools",
    ),
    ActionSpec(
        "tool.pick",
        "&Pick cluster",
        "&Tools",
        ("I",),
        "eyedropper",
        "Take a cluster in hand",
        group="tool",
        bar="tools",
    ),
    ActionSpec(
        "tool.lock",
        "&Lock brush",
        "&Tools",
        ("K",),
        "lock-simple",
        "Lock cells, or unlock them",
        group="tool",
        bar="tools",
        line=True,
    ),
    ActionSpec(
        "tool.hand",
        "&Hand",
        "&Tools",
        ("H",),
        "hand",
        "Move the view (also Space, or the middle button)",
        group="tool",
        bar="tools",
        line=True,
    ),
    ActionSpec(
        "tool.zoom", "&Zoom", "&Tools", ("Z",), "magnifying-glass", "Zoom in; with Alt, out", group="tool", bar="tools"
    ),
    ActionSpec("brush.smaller", "Smaller", "&Tools", ("[",), "", "Make the brush smaller", line=True),
    ActionSpec("brush.larger", "Larger", "&Tools", ("]",), "", "Make the brush larger"),
    ActionSpec("brush.swap", "Swap the clusters in hand", "&Tools", ("X",), "swap"),
    ActionSpec(
        "brush.inside_parent",
        "Inside parent",
        "&Tools",
        ("P",),
        "",
        "Paint only inside the parent of the cluster in hand",
        checkable=True,
        line=True,
    ),
    ActionSpec(
        "brush.balanced",
        "Balanced",
        "&Tools",
        (),
        "",
        "After a stroke, make the clusters equal in size again (what the model knows best)",
        checkable=True,
    ),
)
_LEVEL = (
    ActionSpec("level.coarser", "&Coarser level", "&Level", ("Ctrl+Left",), "caret-left", "", _DOC),
    ActionSpec("level.finer", "&Finer level", "&Level", ("Ctrl+Right",), "caret-right", "", _DOC),
    *(
        ActionSpec(f"level.{n}", f"Level &{n}", "&Level", (str(n),), needs=(f"level{n}",), group="level", line=n == 0)
        for n in range(9)
    ),
)
_CLUSTER = (
    ActionSpec(
        "cluster.lock_layout",
        "Lock &layout",
        "&Cluster",
        ("Ctrl+L",),
        "lock-simple",
        "Hold the selected cluster's shape up to this level",
        ("selected",),
    ),
    ActionSpec(
        "cluster.lock_region",
        "Lock &region",
        "&Cluster",
        ("Ctrl+Shift+L",),
        "lock-key",
        "Hold everything in the selected cluster",
        ("selected",),
    ),
    ActionSpec(
        "cluster.lock_coarse",
        "Keep &coarse content",
        "&Cluster",
        (),
        "",
        "Hold the selected cluster's content up to this level",
        ("selected",),
    ),
    ActionSpec(
        "cluster.unlock",
        "&Unlock",
        "&Cluster",
        ("Ctrl+Alt+L",),
        "lock-simple-open",
        "Release the selected cluster",
        ("selected",),
    ),
    ActionSpec("cluster.unlock_all", "Unlock &everything", "&Cluster", (), "", "Release every lock", ("locked",)),
    ActionSpec(
        "cluster.take",
        "&Take in hand",
        "&Cluster",
        (),
        "eyedropper",
        "Paint with the selected cluster",
        ("selected",),
        line=True,
    ),
    ActionSpec("cluster.deselect", "&Deselect", "&Cluster", ("Ctrl+D",), "", "", ("selected",)),
    ActionSpec(
        "cluster.balance",
        "&Balance level",
        "&Cluster",
        (),
        "scales",
        "Make the clusters of this level equal in size with the fewest changes",
        _DOC,
        line=True,
    ),
)
_RUN = (
    ActionSpec(
        "run.run",
        "&Run",
        "&Run",
        ("Ctrl+Return", "Ctrl+Enter"),
        "play",
        "Generate everything from the lowest changed level on",
        ("document", "model", "idle"),
    ),
    ActionSpec(
        "run.here",
        "Run from this &level",
        "&Run",
        ("Shift+Return",),
        "play-circle",
        "Generate this level and all finer ones",
        ("document", "model", "idle"),
    ),
    ActionSpec(
        "run.again",
        "Run with a new &seed",
        "&Run",
        ("Ctrl+R",),
        "dice-five",
        "Take a new seed and run from this level",
        ("document", "model", "idle"),
    ),
    ActionSpec("run.cancel", "&Cancel", "&Run", ("Ctrl+.",), "stop", "Stop the run; nothing is changed", ("busy",)),
    ActionSpec("run.model", "Choose &model folder…", "&Run", (), "cube", "Load another model", ("idle",), line=True),
)
_HELP = (
    ActionSpec(
        "help.palette", "Find a &command…", "&Help", ("Ctrl+Shift+P",), "magnifying-glass", "Find any command by name"
    ),
    ActionSpec("help.shortcuts", "&Shortcuts…", "&Help", ("Ctrl+/",), "keyboard"),
    ActionSpec("help.about", "&About NVG Studio", "&Help", line=True),
)
TABLE: tuple[ActionSpec, ...] = (*_FILE, *_EDIT, *_VIEW, *_TOOLS, *_LEVEL, *_CLUSTER, *_RUN, *_HELP)
