"""Text to pictures with any pipeline of diffusers that draws from a prompt.

Only this package imports torch and diffusers, which takes seconds. So the worker imports its
modules only after it has read its settings.
"""
