"""What the tests of tasks share: counting what is there, and what a run comes to."""
