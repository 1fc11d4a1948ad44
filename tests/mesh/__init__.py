"""NHS England's sandbox of MESH, started once for whoever needs it in this process."""
