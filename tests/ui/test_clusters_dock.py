"""The clusters dock with mouse and keyboard: tree, selection, names, locks, show-only."""

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from nvg_studio.ui.docks.cluster_model import LAYOUT, LONGEST_NAME, NAME, SHOWN, SIZE
from tests.ui.driver import LEFT, NO_KEYS, Studio
from tests.ui.test_tools import CTRL, SHIFT


def where(studio: Studio, level: int, cluster: int, column: int = NAME) -> QPoint:
    """The middle of a cluster's cell in the tree."""
    tree = studio.window.clusters.tree
    index = studio.window.clusters.model.index_of(level, cluster).siblingAtColumn(column)
    tree.scrollTo(index)
    return tree.visualRect(index).center()


def click(studio: Studio, level: int, cluster: int, column: int = NAME, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Click a cluster in the tree."""
    QTest.mouseClick(studio.window.clusters.tree.viewport(), LEFT, keys, where(studio, level, cluster, column))
    studio.settle()


@pytest.fixture
def dock(studio: Studio) -> Studio:
    """A window at level 2 with room for the tree."""
    studio.window.resize(1280, 1000)
    studio.key("2")
    studio.settle()
    return studio


def test_the_tree_goes_down_to_the_active_level(dock: Studio) -> None:
    model = dock.window.clusters.model
    for level in (2, 0, 1, 5, 8):
        dock.key(str(level))
        dock.settle()
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        assert len(model.rows) == 2 ** (level + 1) - 1
        index = model.index_of(level, 2**level - 1)
        path = []
        while index.isValid():
            row = model.row_at(index)
            path.append((row.level, row.cluster))
            index = index.parent()
        assert path == [(n, 2**n - 1) for n in range(level, 0 if level else -1, -1)]
        sizes = [int(model.index_of(level, c).siblingAtColumn(SIZE).data()) for c in range(2**level)]
        assert sizes == np.bincount(dock.snapshot.sequence.labels(level)).tolist()
    assert model.rowCount(QModelIndex()) == 2


def test_clicks_select_several_and_the_canvas_follows(dock: Studio) -> None:
    state = dock.window.state
    click(dock, 2, 0)
    assert state.choices.selected == {0}
    click(dock, 2, 3, keys=CTRL)
    assert state.choices.selected == {0, 3}
    assert np.array_equal(dock.window.canvas.layers.selected, np.isin(dock.snapshot.sequence.labels(2), [0, 3]))
    click(dock, 2, 0, keys=CTRL)
    assert state.choices.selected == {3}
    click(dock, 1, 0)
    assert state.choices.selected == {0, 1}
    click(dock, 2, 1)
    assert state.choices.selected == {1}


def test_the_canvas_selects_several_and_the_tree_follows(dock: Studio) -> None:
    dock.key("v")
    for cluster, keys in ((1, NO_KEYS), (2, SHIFT), (3, CTRL), (2, CTRL)):
        dock.click(*dock.a_cell_of(2, cluster), keys=keys)
        dock.settle()
    assert dock.window.state.choices.selected == {1, 3}
    rows = [dock.window.clusters.model.row_at(i) for i in dock.window.clusters.tree.selectionModel().selectedRows()]
    assert {row.cluster for row in rows} == {1, 3}
    dock.key("1")
    assert dock.window.state.choices.selected == {0, 1}
    dock.key("3")
    assert dock.window.state.choices.selected == {0, 1, 2, 3, 4, 5, 6, 7}


def test_f2_names_a_cluster_and_undo_takes_the_name(dock: Studio) -> None:
    click(dock, 2, 1)
    rename(dock, "  Petals ")
    assert dock.snapshot.names == ((2, 1, "Petals"),)
    index = dock.window.clusters.model.index_of(2, 1)
    assert index.data() == "Petals"
    dock.hover(*dock.a_cell_of(2, 1))
    assert "Petals" in dock.window.status.under_cursor.text()
    click(dock, 1, 1)
    rename(dock, "Background")
    assert dock.snapshot.names == ((1, 1, "Background"), (2, 1, "Petals"))
    dock.trigger("edit.undo")
    dock.settle()
    dock.trigger("edit.undo")
    assert dock.snapshot.names == ()


def test_f2_brings_the_dock_to_the_front(dock: Studio) -> None:
    click(dock, 2, 1)
    dock.window.history.parentWidget().raise_()
    dock.settle()
    rename(dock, "Leaf")
    assert dock.snapshot.names == ((2, 1, "Leaf"),)


def rename(studio: Studio, name: str) -> None:
    """Name the current cluster with the keyboard."""
    QTest.keyClick(studio.window, Qt.Key.Key_F2)
    editor = studio.window.clusters.tree.findChild(QLineEdit)
    assert editor is not None and editor.maxLength() == LONGEST_NAME
    editor.selectAll()
    QTest.keyClicks(editor, name)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    studio.settle()


def test_the_eye_shows_clusters_alone(dock: Studio) -> None:
    click(dock, 2, 1, SHOWN)
    labels = dock.snapshot.sequence.labels(2)
    assert np.array_equal(dock.window.canvas.layers.shown, labels == 1)
    click(dock, 1, 1, SHOWN)
    assert np.array_equal(dock.window.canvas.layers.shown, labels >= 1)
    click(dock, 2, 1, SHOWN)
    assert dock.window.state.choices.only == {2, 3}
    dock.trigger("cluster.show_all")
    dock.settle()
    assert dock.window.canvas.layers.shown is None
    click(dock, 2, 2)
    dock.trigger("cluster.only")
    assert dock.window.state.choices.only == {2}
    dock.trigger("cluster.only")
    assert not dock.window.state.choices.only


def test_a_coarser_row_locks_at_its_own_level(dock: Studio) -> None:
    click(dock, 1, 0, LAYOUT)
    held = dock.snapshot.sequence.labels(1) == 0
    assert np.array_equal(dock.snapshot.locks.structure, np.where(held, 1, 0))
    click(dock, 1, 0, LAYOUT)
    assert not dock.snapshot.locks.any


def test_actions_work_on_all_selected(dock: Studio) -> None:
    click(dock, 2, 0)
    click(dock, 2, 3, keys=CTRL)
    dock.trigger("cluster.lock_region")
    assert np.array_equal(dock.snapshot.locks.region, np.isin(dock.snapshot.sequence.labels(2), [0, 3]))
    assert dock.snapshot.title == "Lock clusters 0 and 3, level 2"
    dock.settle()
    dock.trigger("cluster.unlock")
    assert not dock.snapshot.locks.any


def test_double_click_takes_in_hand(dock: Studio) -> None:
    tree = dock.window.clusters.tree
    place = where(dock, 2, 2)
    QTest.mouseClick(tree.viewport(), LEFT, pos=place)
    QTest.mouseDClick(tree.viewport(), LEFT, pos=place)
    dock.settle()
    assert dock.window.state.choices.cluster == 2
    assert dock.window.clusters.model.index_of(2, 2).data(Qt.ItemDataRole.FontRole).bold()


@pytest.mark.parametrize("on", ["tree", "canvas"])
def test_the_menu_of_a_cluster(dock: Studio, on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, where: opened.append(menu))
    if on == "tree":
        place = where(dock, 2, 3)
        QTest.mouseClick(dock.window.clusters.tree.viewport(), LEFT, pos=place)
        dock.window.clusters.tree.customContextMenuRequested.emit(place)
    else:
        dock.key("b")
        dock.click(*dock.a_cell_of(2, 3), button=Qt.MouseButton.RightButton)
    assert dock.window.state.choices.selected == {3}
    actions = {action.objectName(): action for action in opened[0].actions() if action.objectName()}
    assert {"cluster.take", "cluster.rename", "cluster.only", "cluster.lock_region", "cluster.merge"} <= set(actions)
    assert actions["cluster.merge"].isEnabled()
    actions["cluster.take"].trigger()
    assert dock.window.state.choices.cluster == 3
    opened[0].deleteLater()
    QApplication.processEvents()
