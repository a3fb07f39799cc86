"""The SQS FIFO queue: in order, and of one user (message group) one message at a time."""

from infra.capacity.day.arrivals import Arrival


class JobQueue:
    """Messages by their place; a received one keeps its place until it is deleted."""

    def __init__(self) -> None:
        self._visible: dict[int, Arrival] = {}
        self._in_flight: dict[int, Arrival] = {}
        self._working_users: set[int] = set()
        self.last_activity = 0.0

    @property
    def visible(self) -> int:
        """ApproximateNumberOfMessages: also those behind a message of their user in flight."""
        return len(self._visible)

    @property
    def in_flight(self) -> int:
        """ApproximateNumberOfMessagesNotVisible."""
        return len(self._in_flight)

    @property
    def backlog(self) -> int:
        """Messages that are not deleted."""
        return self.visible + self.in_flight

    def send(self, job: Arrival) -> None:
        """Append a message."""
        self._visible[job.id] = job
        self.last_activity = job.at

    def receive(self, now: float) -> Arrival | None:
        """The first message whose user has none in flight; it is in flight from now on."""
        self.last_activity = now
        for place, job in self._visible.items():
            if job.user not in self._working_users:
                del self._visible[place]
                self._in_flight[place] = job
                self._working_users.add(job.user)
                return job
        return None

    def delete(self, job: Arrival) -> None:
        """The message is done with."""
        del self._in_flight[job.id]
        self._working_users.remove(job.user)

    def give_back(self, job: Arrival) -> None:
        """The message is seen again, in its old place."""
        self.delete(job)
        self._visible = dict(sorted({**self._visible, job.id: job}.items()))
