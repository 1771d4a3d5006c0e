"""Start the studio: the application, the engine, the session and the window."""

import logging
import os
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from nvg_studio import __version__
from nvg_studio.editor.files.log_file import log_file, start_logging
from nvg_studio.editor.files.user_settings import UserSettings
from nvg_studio.editor.session import Session
from nvg_studio.engine.process import ProcessEngine
from nvg_studio.ui.qt.interrupts import Interrupts
from nvg_studio.ui.qt.theme import Theme, application_icon
from nvg_studio.ui.window.main_window import MainWindow
from nvg_studio.ui.window.unexpected_errors import UnexpectedErrors


def make_application(arguments: list[str]) -> QApplication:
    """The QApplication with its name and icon."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(arguments)
    app.setApplicationName("NVG Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("nvg-studio")
    app.setWindowIcon(application_icon())
    return app


def main(arguments: list[str] | None = None) -> int:
    """Open the window; the first argument that is not an option is a photo or a project to open."""
    arguments = sys.argv if arguments is None else arguments
    start_logging(log_file())
    app = make_application(arguments)
    user_settings = UserSettings()
    session = Session(ProcessEngine())
    window = MainWindow(session, Theme(app), user_settings)
    window.show()
    window.commands.models.load_model()
    window.recovery.offer()
    files = [one for one in app.arguments()[1:] if not one.startswith("-")]
    if files:
        window.project_files.open(Path(files[0]))
    errors, interrupts = UnexpectedErrors(window), Interrupts()
    errors.install()
    interrupts.interrupted.connect(window.closing.interrupt)
    code = app.exec()
    interrupts.close()
    errors.remove()
    if not session.close():
        # A thread waits for a disk that does not answer, and Python would wait for the thread.
        logging.shutdown()
        os._exit(code)
    return code
