"""`python -m qa` is the command line."""

from qa.interfaces.cli.main import main

if __name__ == "__main__":
    main()
