"""Text to pictures with any model that diffusers' `AutoPipelineForText2Image` loads.

Only this package imports torch and diffusers, which takes seconds. So the worker imports its
modules only after it has read its settings.
"""
