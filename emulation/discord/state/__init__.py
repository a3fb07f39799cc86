"""What the stand-in remembers, all of it in memory but the uploaded files."""
