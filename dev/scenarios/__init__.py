"""What dev/chaos can do. Each scenario has SIZES (name: what it is, full, short) and run(arguments), which gives back its figures
and the promises that were broken."""
