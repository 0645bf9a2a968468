"""One contract, two databases: ``OCOP_TEST_DATABASE`` names the one that a run uses."""
