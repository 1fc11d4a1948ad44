"""Certificates for tests, made by the `openssl` program: an authority, and whoever it vouches for. Nothing of it outlives the test."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path

    def together(self) -> str:
        """Key and certificate as one PEM text, as Kafka wants them."""
        return self.key.read_text() + self.cert.read_text()


class Authority:
    """Signs certificates for names and for addresses of this machine."""

    def __init__(self, folder: Path, name: str = "alertbus test authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._own = Certificate(folder / "ca.pem", folder / "ca.key")
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", self._own.key, "-out", self._own.cert),
            *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )

    @property
    def cert(self) -> Path:
        return self._own.cert

    def sign(self, name: str, hosts: str = "IP:127.0.0.1,DNS:localhost") -> Certificate:
        """A certificate for the common name, good for these hosts, and its key, which only its owner can read."""
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", made.key, "-out", request),
        )
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self._own.cert, "-CAkey", self._own.key, "-CAcreateserial"),
            *("-days", "2", "-extfile", extensions, "-out", made.cert),
        )
        made.key.chmod(0o600)
        return made


def _openssl(*words: str | Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl: apt-get install openssl")
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
