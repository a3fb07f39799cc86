"""AWS on this machine: how LocalStack is started, and the extension that it loads (`src/`)."""
