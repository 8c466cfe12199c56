"""What dev/backup does: one file a part."""
