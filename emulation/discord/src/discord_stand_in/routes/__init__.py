"""The routes of Discord's HTTP API and of the control API, a module for each subject."""
