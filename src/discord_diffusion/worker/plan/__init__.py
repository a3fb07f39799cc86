"""How a model fits into a machine's memory, decided before it is loaded. Imports no torch.

`python -m discord_diffusion.worker.plan MODEL --instance g4dn.xlarge` prints it.
"""
