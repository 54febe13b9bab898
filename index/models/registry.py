"""The known models, where they are on disk, and whether their files are the published ones.

A model is named in the settings in one of three ways: a name in `models.toml`, whose every byte is pinned; a path to
a folder or GGUF file of the user's own; or `hf:owner/name` (for a GGUF `hf:owner/name/file.gguf`), fetched from the
hub by `mujib models fetch` for those who can reach one. Only `fetch_model` ever opens a connection.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from index.errors import ModelDamagedError, ModelMissingError

FETCH_CURE = "Run `mujib models fetch`."
READ_BYTES = 1 << 20  # bytes at a time


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The length and sha256 that a file must have."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A wheel (`name==version`) and the member in it that is one part of a model."""

    wheel: str
    wheel_sha256: str
    member: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model whose every byte is pinned.

    `joined` is the file that the joined `parts` make. With a `folder` it is a zip, and the `files` below that folder
    are the model; otherwise it is the model itself.
    """

    name: str
    role: str
    publisher: str
    licence: str
    ram: str
    folder: str | None
    joined: FileDigest
    parts: tuple[WheelPart, ...]
    files: dict[str, FileDigest]


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model on disk: a folder or a GGUF file. `identity` is its name and the sha256 of its content."""

    path: Path
    identity: str


@lru_cache(maxsize=1)
def known_models() -> dict[str, ModelSpec]:
    """Return the models of `models.toml` by name."""
    table = tomllib.loads(Path(__file__).with_name("models.toml").read_text("utf-8"))
    return {
        name: ModelSpec(
            name=name,
            role=entry["role"],
            publisher=entry["publisher"],
            licence=entry["licence"],
            ram=entry["ram"],
            folder=entry.get("folder"),
            joined=FileDigest(**entry["joined"]),
            parts=tuple(WheelPart(**part) for part in entry["parts"]),
            files={path: FileDigest(**digest) for path, digest in entry["files"].items()},
        )
        for name, entry in table.items()
    }


def locate_model(reference: str, cache: Path) -> Path:
    """Return where the model `reference` lies on disk. Raises `ModelMissingError` when it does not."""
    if (spec := known_models().get(reference)) is not None:
        path = model_home(spec, cache)
        missing = [name for name in spec.files if not _file(path, name).is_file()]
        if missing:
            raise ModelMissingError(f"the model {reference} is not in {cache} (no {missing[0]}). {FETCH_CURE}")
        return path
    if reference.startswith("hf:"):
        path = hub_home(reference, cache)
        if not path.exists():
            raise ModelMissingError(f"the model {reference} is not in {cache}. {FETCH_CURE}")
        return path
    path = Path(reference).expanduser()
    if not path.exists():
        raise ModelMissingError(
            f"there is no model at {path}. Give the path of a file or folder, hf:owner/name, or one of: "
            + ", ".join(known_models())
        )
    return path


def verify_model(reference: str, cache: Path) -> VerifiedModel:
    """Return the model `reference` after reading every byte of it.

    Raises `ModelMissingError` when it is not on disk, and `ModelDamagedError` when a file of a known model differs or
    there is another file in its folder. Any content of the user's own models is accepted; its sha256 is part of the
    identity. Takes about a second for each GB.
    """
    path = locate_model(reference, cache)
    spec = known_models().get(reference)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    names = [file.name if file == path else file.relative_to(path).as_posix() for file in files]
    if spec is not None:
        for name in sorted(set(names) - set(spec.files)):
            raise ModelDamagedError(f"{path / name} does not belong to the model {reference}. Delete it.")
    digests = []
    for name, file in zip(names, files, strict=True):
        expected = None if spec is None else spec.files[name]
        if expected is not None and file.stat().st_size != expected.bytes:
            raise ModelDamagedError(f"{file} has {file.stat().st_size:,} bytes, not {expected.bytes:,}. {FETCH_CURE}")
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if expected is not None and digest != expected.sha256:
            raise ModelDamagedError(f"{file} is not the file that was published (sha256 differs). {FETCH_CURE}")
        digests.append(digest)
    label = path.name if spec is None and not reference.startswith("hf:") else reference
    return VerifiedModel(path, _identity(label, dict(zip(names, digests, strict=True))))


def model_identity(reference: str, cache: Path) -> str:
    """Return the identity that `verify_model` would give, without reading the files of a known model."""
    if (spec := known_models().get(reference)) is not None:
        return _identity(reference, {name: digest.sha256 for name, digest in spec.files.items()})
    return verify_model(reference, cache).identity


def model_home(spec: ModelSpec, cache: Path) -> Path:
    """Return the path of a known model: a folder, or the file of a model that is a single file."""
    return cache / spec.name if spec.folder else cache / next(iter(spec.files))


def _file(home: Path, name: str) -> Path:
    return home if home.name == name else home / name


def _identity(label: str, digests: Mapping[str, str]) -> str:
    whole = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return f"{label}@{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def hub_home(reference: str, cache: Path) -> Path:
    """Return the path of a model of the hub. Raises `ModelMissingError` when `reference` is not `hf:owner/name`."""
    owner_and_name = reference.removeprefix("hf:").split("/")
    if len(owner_and_name) < 2 or any(part in {"", ".", ".."} for part in owner_and_name):
        raise ModelMissingError(f"{reference} is not hf:owner/name or hf:owner/name/file.gguf.")
    return cache / "hub" / "--".join(owner_and_name[:2]) / "/".join(owner_and_name[2:])
