"""The widgets around the canvas: toolbars, message bar, status bar, welcome page and hint."""
