"""The control plane: the supervisor of workers, the admin app, the follower of the store."""
