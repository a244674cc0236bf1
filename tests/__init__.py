"""The tests of chopper."""
