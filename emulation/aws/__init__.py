"""AWS on this machine: the command that starts LocalStack, and the plug-in that it loads (`src/`)."""
