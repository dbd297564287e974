"""What can go wrong with Autotask's API, in words that say what to do (EXT-6)."""


class ExtractionError(RuntimeError):
    """The extraction cannot go on; nothing of this run is delivered."""

    stops_all = True


class CredentialsRefused(ExtractionError):
    """Autotask has refused the login; every further call could lock the user."""


class LimitReached(ExtractionError):
    """The server wants no call for longer than a run should wait."""


class NoPermission(ExtractionError):
    """The API user must not read an entity."""

    stops_all = False

    def __init__(self, entity: str, said: str) -> None:
        """Name the entity.

        Args:
            entity: as REST names it.
            said: the answer of the server.
        """
        super().__init__(
            f"{entity}: the API user has no permission to read {entity}. Give its security level "
            f"read access to {entity}. The server said: {said}"
        )
        self.entity = entity


class Shrunk(ExtractionError):
    """An entity has so few rows that a lost permission is the likely reason."""

    stops_all = False
