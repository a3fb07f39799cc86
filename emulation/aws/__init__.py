"""AWS on this machine: the command that starts LocalStack, and its plug-in (`src/`)."""
