"""From `routes.yaml` to an immutable `RouteTable`, and from a request to a `Decision`."""
