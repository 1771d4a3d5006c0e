"""The canvas: geometry, what is drawn, how, and the widget that turns the mouse into strokes."""
