"""The Lambda functions: one file each, which parses, calls and translates errors."""
