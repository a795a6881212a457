"""What authors and tests use to read, execute and store the notebooks; not part of the installed package."""
