"""The proxies that are measured, each as a started process tree of one worker."""
