"""The local page, its programming interface and CDS Hooks: one application that stores nothing."""
