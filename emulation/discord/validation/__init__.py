"""Discord's rules for the bodies it is sent, with the errors it answers."""
