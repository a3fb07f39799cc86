"""The Gateway: WebSockets over which Discord tells an application what happens."""
