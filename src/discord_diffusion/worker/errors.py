"""The errors of the worker; `failures` says what is done about each.

WorkerError
├── ModelLoadError           the worker cannot start
├── DeviceLostError          nothing can be drawn any more; the worker must end
├── GenerationError          the pipeline could not draw the job
│   ├── OutOfMemoryError     the device has too little memory for it
│   ├── BlankPictureError    every picture came out black or as no numbers
│   └── UnsupportedJobError  the pipeline cannot do what the job asks for
│       └── OptionRefusedError  its model cannot do what its user chose
├── JobExpiredError          the interaction token has expired, or will before the answer
├── MessageDeletedError      the user deleted the message while its job was drawn
├── StoppedByModeratorError  a moderator stopped it while it was drawn
├── FailedBeforeError        an earlier receive has notified the user that the job failed
├── CancelledBeforeError     its user cancelled it, which the table says only now
├── RefusedBeforeError       it was taken back, which the table says only now
├── SourceRefusedError       the source image can't be used
│   ├── SourceGoneError      its host does not have it, or no longer
│   ├── SourceTooLargeError  it has too many bytes or pixels
│   ├── SourceFormatError    it is no picture, or in no format that is read
│   ├── SourceDamagedError   too little of it is there
│   └── MaskBlackError       nothing of its mask is white
├── SourceUnavailableError   the source image did not come in time; it may come later
├── PicturesTooLargeError    no encoding of the pictures is small enough for Discord
└── LeaseLostError           another worker has the job, or will have it
"""


class WorkerError(Exception):
    """Root of the tree."""


class ModelLoadError(WorkerError):
    """The text says which model, what is wrong with it, and what is allowed."""


class DeviceLostError(WorkerError):
    """Every later job would fail in this process, but not in a new one: the device computes
    nothing, or the default model, which has drawn, draws no more."""


class GenerationError(WorkerError):
    """The pipeline failed."""


class OutOfMemoryError(GenerationError):
    """The device ran out of memory; its cache has been emptied."""


class BlankPictureError(GenerationError):
    """The same job would come out blank again."""


class UnsupportedJobError(GenerationError):
    """The model, scheduler or size is not available; the text says what is allowed."""


class OptionRefusedError(UnsupportedJobError):
    """The user must choose another; nothing is wrong with the deployment."""


class JobExpiredError(WorkerError):
    """The job cannot be answered in time."""


class MessageDeletedError(WorkerError):
    """Nobody wants the pictures any more; what was drawn of them is paid for."""


class StoppedByModeratorError(WorkerError):
    """A moderator of its server does not want the pictures; what was drawn of them is paid for."""


class FailedBeforeError(WorkerError):
    """The job is not drawn again; the redrive has yet to take its message."""


class CancelledBeforeError(WorkerError):
    """It was drawn because the table did not answer when it was begun; nothing was charged."""


class RefusedBeforeError(WorkerError):
    """It was drawn because the table did not answer when it was begun; nothing was charged."""


class SourceRefusedError(WorkerError):
    """The user must send another. Of this class itself: its host is not one of Discord's."""


class SourceGoneError(SourceRefusedError):
    """Links to attachments expire, and messages are deleted."""


class SourceTooLargeError(SourceRefusedError):
    """It is not decoded."""


class SourceFormatError(SourceRefusedError):
    """Its bytes decide, not its name."""


class SourceDamagedError(SourceRefusedError):
    """Its file is cut off, or damaged beyond what viewers show."""


class MaskBlackError(SourceRefusedError):
    """Nothing of its mask is white, so nothing would be drawn."""


class SourceUnavailableError(WorkerError):
    """Its host did not answer in time, or answered with a transient error."""


class PicturesTooLargeError(WorkerError):
    """Even the smallest encoding is larger than allowed."""


class LeaseLostError(WorkerError):
    """The receipt handle has expired, or the job was given back."""
