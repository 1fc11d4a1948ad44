"""What the gateway and the desk share: what a caller is shown, by whichever door they come, and how a process listens and serves."""
