"""MESH, the NHS's message exchange, as a channel to health agencies.

from alertbus_mesh import Mesh
"""

from collections.abc import Sequence

from alertbus.plugin import Transport, hookimpl
from alertbus_mesh.exchange import Exchange
from alertbus_mesh.mesh_settings import MeshSettings

__all__ = ["Exchange", "Mesh", "MeshSettings", "alertbus_channels"]


class Mesh:
    """The channel `mesh`: one mailbox of ours for each agency that is set so."""

    name = "mesh"
    contract = 1
    settings = MeshSettings
    limit_s = 60.0
    """A long message goes in pieces."""
    every_s = 60.0
    """NHS England asks for no more than one look at a mailbox every few minutes where nobody waits; here somebody does."""

    def open(self, settings: MeshSettings) -> Exchange:
        return Exchange(settings)


@hookimpl
def alertbus_channels() -> Sequence[Transport]:
    return [Mesh()]
