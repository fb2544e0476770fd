"""The benchmarks' harness: namespaces, servers, clients and the page that says what came out."""
