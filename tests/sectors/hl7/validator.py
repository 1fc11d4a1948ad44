"""HL7's own validator for FHIR R4 (the engine inside HAPI FHIR 8.8.0), as one child process for the whole run.

Maven resolves its jars once, into the cache in which Kafka's are too (150 MB), and among them a Java compiler: a Java runtime is enough. At
run time nothing is fetched. It takes some 5 s to start and 20 ms for a Bundle after that: ask for it by `validator()`.
"""

import atexit
import fcntl
import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alertbus.broker.jars import find_maven, need_java

HERE = Path(__file__).parent
DEFINITIONS = HERE / "data" / "ukcore"
"""UK Core's definitions, as published: they hold what UK Core adds to FHIR, and no more."""

_MAVEN_LIMIT_S = 900
_SMALL = ("-Xmx400m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""It lives for a minute: its slow compiler would work for half of that."""
_COMPILE = ("org.eclipse.jdt.internal.compiler.batch.Main", "-17", "-proc:none", "-nowarn")


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing the validator says. `severity` is `fatal`, `error`, `warning` or `information`."""

    severity: str
    where: str
    what: str

    @property
    def grave(self) -> bool:
        return self.severity in {"fatal", "error"}


class Hl7Validator:
    """The process. What it prints of itself is dropped; an answer is one line for each text."""

    def __init__(self) -> None:
        jars = _jars()
        command = [str(need_java().path), *_SMALL, "-cp", f"{_classes(jars)}{os.pathsep}{jars}/*", "Validate", str(DEFINITIONS)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        atexit.register(self.close)
        if self._line() != "ready":
            raise RuntimeError("the validator did not start")

    def issues(self, resource: bytes) -> list[Issue]:
        """Everything it says of a resource, given as the raw text that would be sent."""
        if self._process.stdin is None:
            raise RuntimeError("the validator has no input")
        self._process.stdin.write(struct.pack(">i", len(resource)) + resource)
        self._process.stdin.flush()
        return [Issue(*said) for said in json.loads(self._line())]

    def errors(self, resource: bytes) -> list[Issue]:
        """What makes the resource no FHIR R4; warnings and information left out."""
        return [issue for issue in self.issues(resource) if issue.grave]

    def close(self) -> None:
        self._process.kill()
        with self._process:  # closes its pipes, and waits for it
            pass

    def _line(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("the validator has no output")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the validator ended")
        return line.decode().strip()


@cache
def validator() -> Hl7Validator:
    """Give the one process of this run, started by whoever asks first."""
    return Hl7Validator()


def _folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "alertbus"


def _jars() -> Path:
    """The folder of jars, filled if need be. Several test runs may ask; one downloads, and the folder appears whole or not at all."""
    pom = HERE / "pom.xml"
    folder = _folder() / f"hl7-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "hl7.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            maven = find_maven()
            if maven is None:
                raise RuntimeError("HL7's validator is not cached and there is no Maven to fetch it: apt-get install maven")
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as fetching:
                command = [str(maven), "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fetching}/jars"]
                subprocess.run(command, check=True, capture_output=True, timeout=_MAVEN_LIMIT_S)
                (Path(fetching) / "jars").rename(folder)
    return folder


def _classes(jars: Path) -> Path:
    """Validate.java compiled, once for each text of it, by the compiler among the jars."""
    source = HERE / "Validate.java"
    folder = jars.with_name(f"{jars.name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}")
    if not folder.is_dir():
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix="compiling-"))
        paths = os.pathsep.join(map(str, sorted(jars.glob("*.jar"))))
        compiler = next(iter(jars.glob("ecj-*.jar")))
        command = [str(need_java().path), "-cp", str(compiler), *_COMPILE, "-cp", paths, "-d", str(made), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        try:
            made.rename(folder)
        except OSError:  # another run was quicker
            shutil.rmtree(made)
    return folder
