"""A real PostgreSQL with a certificate: the bus speaks to the one it should, and to nobody who only says so."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from alertbus.model.errors import DatabaseUnavailable, SettingsFault
from alertbus.settings import load_settings
from alertbus.sql.engine import database_faults, make_engine, migrate
from tests.certificates import Authority
from tests.postgres import PostgresServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[str]:
    """Its certificate is good for 127.0.0.1, and not for the name localhost."""
    own = authority.sign("postgres", "IP:127.0.0.1")
    try:
        running = PostgresServer((own.cert.read_text(), own.key.read_text()))
    except LookupError as missing:
        pytest.skip(str(missing))
    try:
        running.start()
        yield running.url
    finally:
        running.remove()


def address(url: str, ca: Path | None, mode: str = "verify-full", host: str = "127.0.0.1") -> str:
    words = {"sslmode": mode} | ({"sslrootcert": str(ca)} if ca else {})
    given = make_url(url).set(host=host).update_query_dict(words).render_as_string(hide_password=False)
    return load_settings(database_url=given).sqlalchemy_url


async def is_encrypted(url: str) -> bool:
    engine = make_engine(url)
    try:
        with database_faults():
            async with engine.reading() as connection:
                found = await connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
                return bool(found.scalar_one())
    finally:
        await engine.dispose()


async def test_the_line_is_encrypted_and_the_schema_is_made_over_it(server: str, authority: Authority) -> None:
    url = address(server, authority.cert)

    assert await is_encrypted(url)
    await migrate(url)


async def test_the_authority_may_be_named_by_its_setting(server: str, authority: Authority) -> None:
    assert await is_encrypted(load_settings(database_url=server, database_ca_file=authority.cert).sqlalchemy_url)


async def test_whom_the_machine_trusts_is_trusted_where_the_address_says_system(
    server: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "")  # so that what is set meanwhile goes with the test
        monkeypatch.delenv(name)
    with pytest.raises(DatabaseUnavailable):
        await is_encrypted(address(server, Path("system")))

    found = ssl.get_default_verify_paths()._replace(cafile=str(authority.cert))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)
    assert await is_encrypted(address(server, Path("system")))


async def test_a_server_that_another_authority_vouches_for_is_not_spoken_to(server: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="ALERTBUS_DATABASE_CA_FILE"):
        await is_encrypted(address(server, Authority(tmp_path, "another").cert))


async def test_a_server_whose_certificate_is_for_another_host_is_not_spoken_to(server: str, authority: Authority) -> None:
    with pytest.raises(DatabaseUnavailable):
        await is_encrypted(address(server, authority.cert, host="localhost"))

    assert await is_encrypted(address(server, authority.cert, "verify-ca", host="localhost"))


async def test_a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for(postgres_url: str, authority: Authority) -> None:
    with pytest.raises(DatabaseUnavailable):
        await is_encrypted(address(postgres_url, authority.cert))


async def test_a_file_that_is_no_certificate_is_named_by_its_setting(server: str, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hunter2")

    with pytest.raises(SettingsFault, match="ALERTBUS_DATABASE_CA_FILE") as fault:
        make_engine(address(server, tmp_path / "ca.pem"))

    assert "hunter2" not in str(fault.value)
