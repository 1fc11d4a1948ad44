"""MESH, the NHS's message exchange, as a channel to health agencies.

from alertbus_mesh import Mesh
"""

from collections.abc import Sequence

from alertbus.plugin import OpenTransport, Transport, hookimpl
from alertbus_mesh.mesh_settings import MeshSettings

__all__ = ["Mesh", "MeshSettings", "alertbus_channels"]


class Mesh:
    """The channel `mesh`: one mailbox of ours for each agency that is set so."""

    name = "mesh"
    contract = 1
    settings = MeshSettings
    limit_s = 60.0
    """A long message goes in pieces."""
    every_s = 60.0
    """Chosen: whoever waits for an answer waits no longer than a minute for it to be fetched."""

    def open(self, settings: MeshSettings) -> OpenTransport:
        from alertbus_mesh.exchange import Exchange  # an HTTP library, which only who sends by MESH needs

        return Exchange(settings)


@hookimpl
def alertbus_channels() -> Sequence[Transport]:
    return [Mesh()]
