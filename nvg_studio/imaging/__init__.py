"""Pixels: reading, composing, drawing, writing (numpy, OpenCV, Pillow, scikit-image; no torch)."""
