"""What can go wrong when a part is started here. The message is one line and says what to do.

LocalError
├── PartMissing     a program or a package that is not on this machine
├── PortInUse       somebody else listens where a part should
├── FolderInUse     another run owns the data
├── DiskFull        no room for the data
└── StartFailed     anything else: the part's own last words, and where its log is
"""


class LocalError(Exception):
    """One clear line for the person who started it."""


class PartMissing(LocalError):
    pass


class PortInUse(LocalError):
    def __init__(self, port: int, part: str) -> None:
        super().__init__(f"Port {port}, wanted by {part}, is in use: stop what listens there, or choose another port.")


class FolderInUse(LocalError):
    def __init__(self, folder: object, owner: str) -> None:
        super().__init__(f"{folder} belongs to a run that is still going (process {owner}): stop that one first.")


class DiskFull(LocalError):
    def __init__(self, folder: object) -> None:
        super().__init__(f"No space left for {folder}: free at least 300 MB, then start again.")


class StartFailed(LocalError):
    pass
