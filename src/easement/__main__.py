"""``python -m easement``."""

from easement.cli.main import main

if __name__ == "__main__":
    main()
