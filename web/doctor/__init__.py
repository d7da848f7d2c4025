"""What can be wrong with an installation, looked for on the spot: `atrium doctor`."""
