"""A real Kafka with two closed doors, a name with a password (SASL_SSL, SCRAM) and a certificate (SSL), and rights for each principal."""

import subprocess
from pathlib import Path

from aiokafka.protocol.admin import CreateAclsRequest, CreateAclsRequest_v1

from alertbus.broker.access import Access, Brokers
from alertbus.broker.acls import AclRule
from alertbus.broker.jars import Java
from alertbus.broker.local import LocalKafka, _cluster_id, records_folder
from alertbus.broker.topics import ask_any
from tests.certificates import Authority, Certificate

ADMIN = "admin"
PARTS = ("gateway", "stream", "delivery", "chronicle", "operations")

_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=SASL_SSL://127.0.0.1:{sasl},SSL://127.0.0.1:{tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_SSL://127.0.0.1:{sasl},SSL://127.0.0.1:{tls}
controller.listener.names=CONTROLLER
listener.security.protocol.map=SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL
inter.broker.listener.name=SSL
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={truststore}
listener.name.ssl.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:broker
log.dirs={records}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
message.max.bytes=1048588
"""


class SecuredKafka(LocalKafka):
    """As the local broker, but nobody is let in who cannot show who they are. `ports` are two free ones beside its own."""

    def __init__(self, data_dir: Path, authority: Authority, tls_port: int) -> None:
        super().__init__(data_dir)
        self.authority = authority
        self.folder = data_dir
        self._tls_port = tls_port
        self.certificates: dict[str, Certificate] = {name: authority.sign(name) for name in (ADMIN, "broker", *map(name_of, PARTS))}
        self.passwords: dict[str, Path] = {}
        data_dir.mkdir(parents=True, exist_ok=True)
        for name in (ADMIN, *map(name_of, PARTS)):
            file = self.passwords[name] = data_dir / f"{name}.password"
            file.touch(mode=0o600)
            file.write_text(f"{name}-and-nobody-else\n")

    @property
    def bootstrap(self) -> str:
        return self.by_password(ADMIN)

    @property
    def sasl_servers(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def tls_servers(self) -> str:
        return f"127.0.0.1:{self._tls_port}"

    def by_password(self, name: str, password: str | None = None) -> Brokers:
        said = password or self.passwords[name].read_text().strip()
        return Brokers(self.sasl_servers, Access("SASL_SSL", self.authority.cert, user=name, password=said))

    def by_certificate(self, name: str) -> Brokers:
        own = self.certificates[name]
        return Brokers(self.tls_servers, Access("SSL", self.authority.cert, own.cert, own.key))

    async def allow(self, rights: frozenset[AclRule]) -> None:
        """As the administrator does with `apply-acls.sh`."""
        wanted = [(r.resource, r.name, r.pattern, f"User:{r.principal}", "*", r.operation, 3) for r in sorted(rights)]
        answer = await ask_any(self.bootstrap, _Allow(wanted))
        assert {code for code, _ in answer.creation_responses} == {0}

    def _prepare(self, java: Java, jars: Path, controller_port: int) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        keystore = self.data_dir / "broker.pem"
        keystore.write_text(self.certificates["broker"].together())
        settings = self.data_dir / "server.properties"
        settings.write_text(
            _SETTINGS.format(
                sasl=self._port,
                tls=self._tls_port,
                controller=controller_port,
                keystore=keystore,
                truststore=self.authority.cert,
                records=records_folder(self.data_dir),
            )
        )
        (self.data_dir / "log4j2.properties").write_text(local_logging(self.log))
        if records_folder(self.data_dir).exists():
            return
        users = [
            f"--add-scram={mechanism}=[name={name},password={file.read_text().strip()}]"
            for name, file in self.passwords.items()
            for mechanism in ("SCRAM-SHA-512", "SCRAM-SHA-256")
        ]
        command = self._java_command(java, jars, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(settings), *users)
        subprocess.run(command, check=True, capture_output=True, timeout=120)


class _Allow(CreateAclsRequest):  # type: ignore[misc]
    def __init__(self, wanted: list[tuple[object, ...]]) -> None:
        self.wanted = wanted

    def build(self, request_struct_class: object) -> CreateAclsRequest_v1:
        return CreateAclsRequest_v1(self.wanted)


def name_of(part: str) -> str:
    """The principal of a part, as the shipped rights call it."""
    return f"alertbus-{part}"


def local_logging(log: Path) -> str:
    from alertbus.broker.local import _LOGGING

    return _LOGGING.format(log=log)
