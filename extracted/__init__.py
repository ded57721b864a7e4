"""The services that were extracted from the monolith, each in a package of its own."""
