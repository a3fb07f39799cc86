"""The errors of memory plans.

PlanError
├── UnknownWeightsError  nobody says how large the model is
├── UnusableFileError    a single file is none that the worker could draw with
└── DoesNotFitError      no way of loading it fits into the machine
"""


class PlanError(Exception):
    """Root of the tree; the text is for an operator."""


class UnknownWeightsError(PlanError):
    """The weights are neither here nor described, or the description cannot be read."""


class UnusableFileError(PlanError):
    """The text says what the file is, and what would do."""


class DoesNotFitError(PlanError):
    """The text says what is missing and which instance type would do."""
