"""Pictures that are derived from a document: stages, codebook colours, thumbnails."""
