"""HTTP/1.1 as pure rules: heads, framing, hop-by-hop and forwarding, target normalisation."""
