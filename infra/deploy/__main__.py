"""`python -m infra.deploy`."""

from infra.deploy.cli import main

if __name__ == "__main__":
    main()
