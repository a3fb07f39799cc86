"""What goes wrong in the worker; `failures` says what is done about each.

WorkerError
├── ModelLoadError           the worker cannot start
├── GenerationError          the model could not draw this job
│   ├── OutOfMemoryError     the device has too little memory for it
│   ├── BlankPictureError    every picture came out black or as no numbers
│   └── UnsupportedJobError  the model cannot do what the job asks
├── JobExpiredError          the interaction token has run out, or will before pictures are there
├── FailedBeforeError        an earlier receive of the job has told its user that it failed
├── SourceRefusedError       the picture that the job begins from is not to be had, or is none
├── SourceUnavailableError   it may be had later
├── PicturesTooLargeError    no encoding fits what Discord takes here
└── LeaseLostError           the message is no longer ours
"""


class WorkerError(Exception):
    """Root of the tree."""


class ModelLoadError(WorkerError):
    """The text says which model, what is wrong with it, and what is allowed."""


class GenerationError(WorkerError):
    """The pipeline failed."""


class OutOfMemoryError(GenerationError):
    """The device ran out of memory; its cache has been emptied."""


class BlankPictureError(GenerationError):
    """The same job would come out blank again."""


class UnsupportedJobError(GenerationError):
    """No such model or scheduler here, or a size it cannot do; the text says what is allowed."""


class JobExpiredError(WorkerError):
    """Work on the job would be in vain."""


class FailedBeforeError(WorkerError):
    """Nothing more is drawn; the redrive has yet to take the message."""


class SourceRefusedError(WorkerError):
    """Its host, its size or its format is not allowed, or it is not there."""


class SourceUnavailableError(WorkerError):
    """Whoever keeps it did not answer, or not in time."""


class PicturesTooLargeError(WorkerError):
    """Even the smallest encoding is larger than allowed."""


class LeaseLostError(WorkerError):
    """The receipt handle has expired or the message is gone."""
