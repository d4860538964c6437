"""The rules (records §3): what a truthful record may break, found and never refused."""
