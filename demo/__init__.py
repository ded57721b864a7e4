"""The whole story on one machine, told and checked as it goes: `make demo`."""
