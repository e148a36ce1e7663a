"""HOW FAST the harness is, beside a bare loop, stock libraries and peers: `make perf`, docs/performance.md."""
