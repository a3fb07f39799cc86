"""The errors of this distribution.

EmulatorError
├── AccessDeniedError            the policies of the account do not allow a request
├── ClockError                   time cannot be moved, or cannot be moved on
├── EmulatorEndingError          no process is started while the emulator shuts down
├── EmulatorRefusedError         a running emulator refused what its client asked for
├── EmulatorStartError           an emulator's process ended while starting
├── EmulatorTimeoutError         what a test waited for did not happen
├── ExperimentError              a template or an action of an experiment is wrong, or fails
├── InitError                    a Lambda function could not be loaded
├── InvalidScheduleError         a schedule's expression or time zone makes no sense
├── InvalidSettingsError         a setting of the fleet agent, or its value, is not allowed
├── NoInterpreterError           no interpreter is configured for a Lambda runtime
├── NotMappedError               what a request has to be allowed is not known
├── ProcessExitedError           a Lambda function's process ended without a response
├── RequestRefusedError          the fleet agent's HTTP API refuses a change
├── RoleNotTakenError            a service cannot take a role
├── SnapshotError                the state can't be saved or restored
├── TaskStartError               an ECS task cannot be started; the text is ECS's stopped reason
├── UnknownCredentialsError      nobody has the access key of a request
└── UnsupportedExpressionError   metric math that is not emulated
"""


class EmulatorError(Exception):
    """Base of all errors of this distribution."""


class AccessDeniedError(EmulatorError):
    """A request is not allowed; the text is AWS's, `action` is the action that is denied."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(message)
        self.action = action


class ClockError(EmulatorError):
    """Time cannot be moved, or something goes on for which it waits; the text says what."""


class EmulatorEndingError(EmulatorError):
    """The emulator is shutting down: no more processes are started."""


class EmulatorRefusedError(EmulatorError):
    """A running emulator refused what its client asked for; the text is the emulator's."""


class EmulatorStartError(EmulatorError):
    """An emulator's process ended while starting; the text says why."""


class EmulatorTimeoutError(EmulatorError):
    """What a test waited for did not happen in time."""


class ExperimentError(EmulatorError):
    """A template of an experiment is not valid, or an action cannot be done; the text says why."""


class InitError(EmulatorError):
    """The process could not load the function; `payload` is the response for the caller."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload.decode(errors="replace"))
        self.payload = payload


class InvalidScheduleError(EmulatorError):
    """A schedule's expression or its time zone makes no sense; the text says what is wrong."""


class InvalidSettingsError(EmulatorError):
    """A setting does not exist, or its value is not allowed."""


class NoInterpreterError(EmulatorError):
    """No interpreter is configured for a Lambda runtime."""


class NotMappedError(EmulatorError):
    """Something that decides about a request's authorization is not known; the text names it."""


class ProcessExitedError(EmulatorError):
    """The process has ended; a negative return code is the number of a signal."""

    def __init__(self, return_code: int) -> None:
        super().__init__(f"the process exited with {return_code}")
        self.return_code = return_code


class RequestRefusedError(EmulatorError):
    """A change of the fleet cannot be made; the text says why."""


class RoleNotTakenError(EmulatorError):
    """A service cannot take a role; the text names the role."""


class SnapshotError(EmulatorError):
    """The state can't be saved or restored; the text says why."""


class TaskStartError(EmulatorError):
    """A task cannot be started; the text is the stopped reason that ECS shows."""


class UnknownCredentialsError(EmulatorError):
    """An access key has the form of AWS's, and nobody has it."""


class UnsupportedExpressionError(EmulatorError):
    """A metric math expression, or a part of one, is not emulated."""
