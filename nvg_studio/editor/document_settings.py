"""The settings of the next runs belong to the document: its class and seed above all."""

from dataclasses import replace

from nvg_studio.project.document import Document
from nvg_studio.project.storage.project_file import Project
from nvg_studio.sampling.settings import GenerationSettings


def settings_of(document: Document, project: Project | None, before: GenerationSettings) -> GenerationSettings:
    """The settings that a document begins with: its file's, or else those of its last run, or else a fresh class and
    seed, so that those of another picture are not carried over; guidance and the like stay as they were `before`."""
    if project is not None and project.settings is not None:
        return project.settings
    request = document.snapshot.request
    if request is not None:
        return request.settings[0]
    return replace(before, class_id=None, seed=GenerationSettings().seed)
