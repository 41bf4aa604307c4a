"""What `make bench` measures: each figure beside a bare baseline of the same run."""
