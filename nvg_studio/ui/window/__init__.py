"""The main window: layout, toolbars, status, commands, and the controllers that open dialogs."""
