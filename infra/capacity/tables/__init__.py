"""The computed tables of docs/capacity.md and docs/costs.md."""
