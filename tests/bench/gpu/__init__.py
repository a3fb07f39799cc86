"""How fast the worker draws, beside the recipes that it is to beat: `python -m tests.bench.gpu`."""
