"""What the Spark job of an export imports, driver and executors alike: Glue puts it on their path by `--extra-py-files`."""
