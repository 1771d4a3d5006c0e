"""Projects of before, which name a model by its fingerprint, with the ids that the loaded model has today."""

from dataclasses import replace

from nvg_studio.ids import Identity
from nvg_studio.project.document import Document, PendingResult, Snapshot
from nvg_studio.project.storage.project_file import Project
from nvg_studio.sampling.settings import RunRequest


def with_current_ids(project: Project, identity: Identity) -> Project:
    """The project with ids in place of the fingerprints that the model answers to; the same one where there are none.

    Projects of other models stay as they are.
    """
    document, rendering = document_with_current_ids(project.document, identity), project.rendering
    model = None if rendering is None else identity.current_model(rendering.model)
    if rendering is not None and model is not None and model != rendering.model:
        rendering = replace(rendering, model=model)
    if document is project.document and rendering is project.rendering:
        return project
    return replace(project, document=document, rendering=rendering)


def document_with_current_ids(document: Document, identity: Identity) -> Document:
    """The same for a document; steps and results keep their places, and results that wait the step they are of."""
    before = document.history.snapshots
    steps = tuple(_step(step, identity) for step in before)
    places = {id(old): new for old, new in zip(before, steps, strict=True)}
    made = tuple(_made(one, places, identity) for one in document.pending_results)
    pairs = zip((*steps, *made), (*before, *document.pending_results), strict=True)
    if all(new is old for new, old in pairs):
        return document
    return replace(document, history=replace(document.history, snapshots=steps), pending_results=made)


def _step(step: Snapshot, identity: Identity) -> Snapshot:
    tokenizer = identity.current_tokenizer(step.tokenizer)
    request = None if step.request is None else _request(step.request, identity)
    if tokenizer == step.tokenizer and request is step.request:
        return step
    return replace(step, tokenizer=tokenizer, request=request)


def _made(made: PendingResult, steps: dict[int, Snapshot], identity: Identity) -> PendingResult:
    request, started = _request(made.request, identity), made.started_from
    if started is not None:
        started = steps.get(id(started)) or _step(started, identity)
    if request is made.request and started is made.started_from:
        return made
    return replace(made, request=request, started_from=started)


def _request(request: RunRequest, identity: Identity) -> RunRequest:
    model = identity.current_model(request.model)
    return request if model == request.model else replace(request, model=model)
