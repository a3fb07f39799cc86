"""A stack in containers of Docker Compose."""
