"""The errors of memory plans.

PlanError
├── UnknownWeightsError  nobody says how large the model is
└── DoesNotFitError      no way of loading it fits into the machine
"""


class PlanError(Exception):
    """Root of the tree; the text is for an operator."""


class UnknownWeightsError(PlanError):
    """The weights are neither here nor described, or the description cannot be read."""


class DoesNotFitError(PlanError):
    """The text says what is missing and which instance type would do."""
