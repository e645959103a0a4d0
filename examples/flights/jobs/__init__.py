"""The jobs of the flights example, one a file. Each reads what it is given and writes where it is told."""
