"""The errors a user can cause. Each message is one line that names the problem and the cure.

MujibError                  exit status 1, unless it says otherwise
├── UsageError              the command was given something it cannot use (exit status 2)
├── CollectionError         the folder of articles is missing or holds no article
│   └── RemovalError        an update would remove more than half of it and was not confirmed
├── StoreError              the store cannot be used as it is
│   ├── NoIndexError        there is none yet
│   ├── DamagedStoreError   the file is not what was written
│   ├── OtherVersionError   it was written by another version of this program
│   └── OtherModelError     its vectors come from another embedding model
├── BusyError               another process is doing the same work
└── ModelError              a model cannot be used as it is
    ├── ModelMissingError   it has not been fetched, or the path is wrong
    ├── ModelDamagedError   a file is not the published one
    └── ModelFetchError     it could not be fetched

Any other exception is a bug in the program and keeps its traceback.
"""

from __future__ import annotations


class MujibError(Exception):
    """A problem the user can fix; the message names it and the cure."""

    exit_status = 1


class UsageError(MujibError):
    """The command was given something it cannot use."""

    exit_status = 2


class CollectionError(MujibError):
    """The folder of articles is missing or holds no article."""


class RemovalError(CollectionError):
    """An update would remove more than half of the collection and was not confirmed."""


class StoreError(MujibError):
    """The store cannot be used as it is."""


class NoIndexError(StoreError):
    """There is no store yet."""


class DamagedStoreError(StoreError):
    """The store is not what was written."""


class OtherVersionError(StoreError):
    """The store was written by another version of this program."""


class OtherModelError(StoreError):
    """The store's vectors come from another embedding model."""


class BusyError(MujibError):
    """Another process is doing the same work."""


class ModelError(MujibError):
    """A model cannot be used as it is."""


class ModelMissingError(ModelError):
    """The model has not been fetched, or the path is wrong."""


class ModelDamagedError(ModelError):
    """A model file is not the published one."""


class ModelFetchError(ModelError):
    """The model could not be fetched."""
