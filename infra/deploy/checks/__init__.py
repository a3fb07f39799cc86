"""What is looked at before anything is made: one file for each kind of check."""
