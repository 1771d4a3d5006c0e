"""One file format each: from the bytes of a file to a `Raster`, nothing judged by names."""
