"""The program without its widgets: the document store, background work, the engine as the event loop sees it."""
