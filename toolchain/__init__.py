"""Set up everything the project needs, inside the project's folder.

Standard library only: it runs before any environment exists.
"""
